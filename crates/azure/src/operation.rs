//! Operations that take time: where Azure says to ask how one goes, and what it says there.
//!
//! Sources: <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations>,
//! <https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/async-api-reference.md>,
//! <https://learn.microsoft.com/rest/api/compute/virtual-machines/install-patches> and
//! <https://learn.microsoft.com/rest/api/compute/virtual-machines/run-command> (an action that came to its end `Succeeded`,
//! whatever the guest made of it: that stands in its output)
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

/// The most characters of what an action has put out that are told.
const MESSAGE_LIMIT: usize = 1000;

/// The most patches that are named.
const NAMES: usize = 5;

/// How a line begins that a script of this program writes, and how it ends where the script gave up.
const OURS: &str = "sekimori: ";
const NOTHING: &str = "nothing was changed";

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
        // That is `Location`: 202 until it is done, and then what an action has put out.
        return match status {
            StatusCode::ACCEPTED => Polled::Running { retry_after },
            _ => outcome(&value).unwrap_or(Polled::Succeeded),
        };
    };
    match word.to_ascii_lowercase().as_str() {
        "succeeded" => {
            let output = value.pointer("/properties/output").unwrap_or(&value);
            outcome(output).unwrap_or(Polled::Succeeded)
        }
        // An operation itself has no such end: that is the output of patching where `Location` is asked.
        "completedwithwarnings" => outcome(&value).unwrap_or(Polled::Succeeded),
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

/// What the output of an action says against its having been done; nothing where it says nothing against it.
fn outcome(output: &Value) -> Option<Polled> {
    let parts = output.get("value").and_then(Value::as_array);
    match parts {
        Some(parts) => parts.iter().find_map(of_script),
        None => of_patching(output),
    }
}

/// Patches: those that failed are counted, and the whole is called a success with warnings.
fn of_patching(output: &Value) -> Option<Polled> {
    let status = output.get("status").and_then(Value::as_str).unwrap_or_default();
    let count = output.get("failedPatchCount").and_then(Value::as_u64).unwrap_or_default();
    let bad = ["Failed", "CompletedWithWarnings"].into_iter().find(|bad| status.eq_ignore_ascii_case(bad));
    if bad.is_none() && count == 0 {
        return None;
    }
    let error = output.get("error");
    let said = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str);
    let code = said("code").filter(|code| !code.is_empty() && !code.eq_ignore_ascii_case("Success"));
    let code = code.or(bad).unwrap_or("PatchesFailed").to_owned();
    let failing = output.get("patches").and_then(Value::as_array).into_iter().flatten();
    let failing = failing.filter(|patch| {
        let state = patch.get("installationState").and_then(Value::as_str);
        state.is_some_and(|state| state.eq_ignore_ascii_case("Failed"))
    });
    let names: Vec<&str> = failing.filter_map(|patch| patch.get("name")?.as_str()).take(NAMES).collect();
    let mut words = vec![format!("status {}", bad.unwrap_or("Succeeded"))];
    if count > 0 {
        words.push(format!("{count} patches failed"));
    }
    if !names.is_empty() {
        words.push(names.join(", "));
    }
    words.extend(said("message").filter(|message| !message.is_empty()).map(str::to_owned));
    Some(Polled::Failed { code, message: short(&words.join("; ")) })
}

/// A part of what a script has put out: Windows has one for each stream, Linux one for both. Linux calls a script that gave
/// up a success, too, so those of this program say so in a line of their own.
fn of_script(part: &Value) -> Option<Polled> {
    let text = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
    let (code, message) = (text("code"), text("message"));
    let broke = code.to_ascii_lowercase().contains("/failed") || text("level").eq_ignore_ascii_case("Error");
    let given_up = || {
        let mut lines = message.lines().map(str::trim);
        lines.find(|line| line.starts_with(OURS) && line.ends_with(NOTHING))
    };
    match (broke, given_up()) {
        (_, Some(line)) => Some(Polled::Failed { code: "ScriptGaveUp".to_owned(), message: short(line) }),
        (true, None) => {
            let code = if code.is_empty() { "ScriptFailed" } else { code };
            let message = if message.is_empty() { text("displayStatus") } else { message };
            Some(Polled::Failed { code: code.to_owned(), message: short(message) })
        }
        (false, None) => None,
    }
}

/// The end of what was put out, as there a script says why it stops: on one line, and nothing that moves a terminal.
fn short(text: &str) -> String {
    let skip = text.chars().count().saturating_sub(MESSAGE_LIMIT);
    text.chars().skip(skip).map(|one| if one.is_control() { ' ' } else { one }).collect()
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

    #[test]
    fn an_action_is_done_when_its_output_says_so() {
        let of = |output: &str| format!(r#"{{"status":"Succeeded","properties":{{"output":{output}}}}}"#);
        let fails = |body: &str, code: &str, words: &[&str]| {
            // As an operation, and as what `Location` answers.
            for body in [of(body), body.to_owned()] {
                let Polled::Failed { code: its, message } = polled_of(StatusCode::OK, None, body.as_bytes())
                else {
                    panic!("{body}")
                };
                // An output that calls itself failed is an operation that failed where `Location` is asked.
                assert!(its == code, "{its}: {body}");
                assert!(words.iter().all(|word| message.contains(word)), "{message}");
            }
        };
        let good = r#"{"status":"Succeeded","failedPatchCount":0,"installedPatchCount":3,"error":{"code":"Success","message":"0 error/s reported","details":[]}}"#;
        check(200, &of(good), &Polled::Succeeded);
        check(200, good, &Polled::Succeeded);
        fails(
            r#"{"status":"CompletedWithWarnings","failedPatchCount":1,"patches":[{"name":"kernel","installationState":"Failed"},
                {"name":"libc","installationState":"Installed"}],"error":{"code":"PATCH_FAILED","message":"1 error/s reported"}}"#,
            "PATCH_FAILED",
            &["CompletedWithWarnings", "1 patches failed", "kernel", "1 error/s reported"],
        );
        fails(
            r#"{"status":"Succeeded","failedPatchCount":2,"error":{"code":"Success"}}"#,
            "PatchesFailed",
            &["2 patches"],
        );
        fails(r#"{"status":"Failed","error":{"code":"Busy1","message":"why"}}"#, "Busy1", &["why"]);
        // Generalising and capturing put out templates.
        check(200, &of(r#"{"contentVersion":"1.0.0.0","resources":[]}"#), &Polled::Succeeded);
    }

    #[test]
    fn a_script_that_failed_is_no_success() {
        let script = |code: &str, level: &str, message: &str| {
            let part = serde_json::json!({"code": code, "level": level, "displayStatus": "a status", "message": message});
            serde_json::json!({"status": "Succeeded", "properties": {"output": {"value": [part]}}})
                .to_string()
        };
        let end = |body: &str| polled_of(StatusCode::OK, None, body.as_bytes());
        let done = "Enable succeeded: \n[stdout]\nhello\n\n[stderr]\n";
        assert_eq!(end(&script("ProvisioningState/succeeded", "Info", done)), Polled::Succeeded);
        assert_eq!(end(&script("ComponentStatus/StdErr/succeeded", "Info", "a warning")), Polled::Succeeded);
        for (code, level) in [
            ("ProvisioningState/failed/1", "Error"),
            ("ComponentStatus/StdOut/failed", "Info"),
            ("ProvisioningState/succeeded", "Error"),
        ] {
            let Polled::Failed { code: its, message } = end(&script(code, level, "")) else {
                panic!("{code}")
            };
            assert_eq!((its.as_str(), message.as_str()), (code, "a status"));
        }
        // Linux calls it a success.
        let gave_up =
            "Enable succeeded: \n[stdout]\n\n[stderr]\nsekimori: no authorised key, nothing was changed\n";
        let Polled::Failed { code, message } = end(&script("ProvisioningState/succeeded", "Info", gave_up))
        else {
            panic!()
        };
        assert_eq!(code, "ScriptGaveUp");
        assert_eq!(message, "sekimori: no authorised key, nothing was changed");
        let long = "x".repeat(5000) + "\u{1b}[1m\nwhy";
        let Polled::Failed { message, .. } = end(&script("a/failed", "Error", &long)) else { panic!() };
        assert!(message.ends_with(" [1m why") && message.len() == MESSAGE_LIMIT);
    }
}
