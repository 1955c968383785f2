//! Operations that take time: where Azure says to ask how one goes, and what it says there.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations>,
//! <https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/async-api-reference.md>
//!
//! INVARIANT: a token goes to the Resource Manager of the cloud that it was made for, and nowhere else.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use crate::http::{Answer, Ask, Client, Fault, Limit, error_of};
use crate::limits::duration;
use crate::write::is_busy;

/// The longest address that is taken: Azure's have up to four kilobytes.
const ADDRESS_LIMIT: usize = 16 << 10;

/// What Azure says of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// It goes on.
    Running {
        /// How long to wait before it is asked again.
        retry_after: Option<Duration>,
    },
    /// It is done.
    Succeeded,
    /// It is over, and not done.
    Failed {
        /// Azure's word for it.
        code: String,
        /// What it says.
        message: String,
    },
    /// It was given up.
    Canceled {
        /// Whether another operation took its place, or was in its way.
        superseded: bool,
    },
    /// Nobody knows of it any more: addresses of operations expire.
    Gone,
}

impl Client {
    /// Asks how an operation goes.
    ///
    /// # Errors
    ///
    /// The address is not of the cloud's Resource Manager, or there is no answer.
    pub async fn poll(&self, url: &str) -> Result<Polled, Fault> {
        let url = self.operation_url(url)?;
        match self.ask(&Ask { url, body: None, limit: Limit::Arm }).await {
            Ok(answer) => Ok(polled(&answer)),
            Err(Fault::NotFound { .. }) => Ok(Polled::Gone),
            // Where `Location` is asked, the answer of a failed operation is that of the write itself.
            Err(Fault::Wrong { status, code, message, .. })
                if (400..500).contains(&status) && status != 401 =>
            {
                Ok(failed(code, message))
            }
            Err(fault) => Err(fault),
        }
    }

    /// The address of an operation, if a token may go there.
    fn operation_url(&self, url: &str) -> Result<Url, Fault> {
        let arm = &self.cloud().arm;
        let wrong = |detail: String| Fault::Unreadable {
            host: arm.host_str().unwrap_or_default().to_owned(),
            detail,
        };
        if url.len() > ADDRESS_LIMIT {
            return Err(wrong("the address of an operation is too long".to_owned()));
        }
        let url = arm.join(url).map_err(|error| wrong(error.to_string()))?;
        if url.origin() != arm.origin() || !url.username().is_empty() || url.password().is_some() {
            let host = url.host_str().unwrap_or_default();
            return Err(wrong(format!("an operation is to be asked after at `{host}`, another host")));
        }
        Ok(url)
    }

    /// Where an answer says to ask how its operation goes: nothing where it does not, or names another host.
    pub(crate) fn operation_of(&self, status: StatusCode, headers: &HeaderMap) -> Option<String> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // `Location` of a 201 is the resource itself.
        let location = || text(LOCATION.as_str()).filter(|_| status == StatusCode::ACCEPTED);
        let said = text("azure-asyncoperation").or_else(location)?;
        self.operation_url(said).ok().map(Url::into)
    }
}

/// How long an answer says to wait.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(duration)
}

fn polled(answer: &Answer) -> Polled {
    polled_of(answer.status, retry_after(&answer.headers), &answer.body)
}

fn polled_of(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Polled {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(word) = value.get("status").and_then(Value::as_str) else {
        // That is `Location`: 202 until it is done.
        return match status {
            StatusCode::ACCEPTED => Polled::Running { retry_after },
            _ => Polled::Succeeded,
        };
    };
    match word.to_ascii_lowercase().as_str() {
        "succeeded" => Polled::Succeeded,
        "failed" => {
            let (code, message) = error_of(body);
            failed(code, message)
        }
        "canceled" | "cancelled" => {
            let (code, _) = error_of(body);
            let detail = value.pointer("/error/details/0/code").and_then(Value::as_str).unwrap_or_default();
            Polled::Canceled { superseded: is_busy(&code) || is_busy(detail) }
        }
        _ => Polled::Running { retry_after },
    }
}

/// A failure; what only came at the wrong moment is no failure of the write.
fn failed(code: String, message: String) -> Polled {
    match is_busy(&code) {
        true => Polled::Canceled { superseded: true },
        false => Polled::Failed { code, message },
    }
}

/// Any bytes as an answer. For fuzzing.
pub(crate) fn read_anything(bytes: &[u8]) {
    let _ = polled_of(StatusCode::OK, None, bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expected: &Polled) {
        let wait = Some(Duration::from_secs(7));
        assert_eq!(
            &polled_of(StatusCode::from_u16(status).unwrap(), wait, body.as_bytes()),
            expected,
            "{body}"
        );
    }

    #[test]
    fn what_an_operation_says() {
        let running = Polled::Running { retry_after: Some(Duration::from_secs(7)) };
        check(200, r#"{"status":"InProgress"}"#, &running);
        check(200, r#"{"status":"of a kind that nobody knows"}"#, &running);
        check(202, "", &running);
        check(202, "{}", &running);
        check(200, r#"{"status":"succeeded"}"#, &Polled::Succeeded);
        // The resource itself.
        check(200, r#"{"id":"/x","properties":{"provisioningState":"Succeeded"}}"#, &Polled::Succeeded);
        check(204, "", &Polled::Succeeded);
        check(
            200,
            r#"{"status":"Failed","error":{"code":"NicInUse","message":"m"}}"#,
            &Polled::Failed { code: "NicInUse".to_owned(), message: "m".to_owned() },
        );
        check(200, r#"{"status":"Canceled"}"#, &Polled::Canceled { superseded: false });
        let code = "CanceledAndSupersededDueToAnotherOperation";
        let superseded = Polled::Canceled { superseded: true };
        check(200, &format!(r#"{{"status":"Canceled","error":{{"code":"{code}"}}}}"#), &superseded);
        check(
            200,
            &format!(
                r#"{{"status":"Canceled","error":{{"code":"Canceled","details":[{{"code":"{code}"}}]}}}}"#
            ),
            &superseded,
        );
        check(200, r#"{"status":"Failed","error":{"code":"RetryableError"}}"#, &superseded);
    }
}
