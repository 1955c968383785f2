//! What Azure itself says gets through: IP flow verify of Network Watcher, and the groups in force at a NIC.
//!
//! Sources: <https://learn.microsoft.com/rest/api/network-watcher/network-watchers/verify-ip-flow>,
//! <https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/list-effective-network-security-groups>,
//! <https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations> (202, `Location`,
//! `Retry-After`).

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::http::{Ask, Client, Fault, Limit};
use crate::limits::duration;

/// The version of the API.
const VERSION: &str = "2023-09-01";

/// How often an answer that is being worked on is asked for.
const POLLS: u32 = 120;

/// A flow to ask Azure about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowQuestion {
    /// The Network Watcher of the VM's region, by id.
    pub watcher: String,
    /// The VM, by id.
    pub vm: String,
    /// Its NIC, by id.
    pub nic: String,
    /// Whether the VM sends it.
    pub outbound: bool,
    /// `TCP` or `UDP`: Azure answers for no other.
    pub protocol: &'static str,
    /// The VM's end.
    pub local: End,
    /// The other end.
    pub remote: End,
}

/// An end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// Its address.
    pub address: IpAddr,
    /// Its port; any without one.
    pub port: Option<u16>,
}

impl End {
    fn port_text(self) -> String {
        self.port.map_or_else(|| "*".to_owned(), |port| port.to_string())
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port_text();
        match self.address {
            IpAddr::V4(address) => write!(f, "{address}:{port}"),
            IpAddr::V6(address) => write!(f, "[{address}]:{port}"),
        }
    }
}

/// What Azure says of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FlowSaid {
    /// `Allow` or `Deny`.
    pub access: String,
    /// The rule that decides: `securityRules/ssh`.
    #[serde(rename = "ruleName")]
    pub rule: Option<String>,
}

/// A Network Watcher: there is one in each region that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watcher {
    /// Its id.
    pub id: String,
    /// Its region: `westeurope`.
    pub location: String,
}

impl Client {
    /// The Network Watchers of a subscription.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    pub async fn watchers(&self, subscription: &str) -> Result<Vec<Watcher>, Fault> {
        let path = format!(
            "subscriptions/{subscription}/providers/Microsoft.Network/networkWatchers?api-version={VERSION}"
        );
        let rows = self.list(&path, Limit::Arm).await?;
        let text = |row: &Value, name: &str| Some(row.get(name)?.as_str()?.to_owned());
        let one = |row: &Value| {
            let location = text(row, "location")?.replace(' ', "").to_lowercase();
            Some(Watcher { id: text(row, "id")?, location })
        };
        Ok(rows.iter().filter_map(one).collect())
    }

    /// What IP flow verify says. The VM has to run.
    ///
    /// # Errors
    ///
    /// Azure does not answer, or refuses.
    pub async fn verify_flow(&self, asked: &FlowQuestion) -> Result<FlowSaid, Fault> {
        let body = json!({
            "targetResourceId": asked.vm,
            "targetNicResourceId": asked.nic,
            "direction": if asked.outbound { "Outbound" } else { "Inbound" },
            "protocol": asked.protocol,
            "localIPAddress": asked.local.address.to_string(),
            "localPort": asked.local.port_text(),
            "remoteIPAddress": asked.remote.address.to_string(),
            "remotePort": asked.remote.port_text(),
        });
        let answer = self.act(&asked.watcher, "ipFlowVerify", body.to_string()).await?;
        serde_json::from_slice(&answer).map_err(|error| self.unreadable(error.to_string()))
    }

    /// The groups in force at a NIC, as Azure tells them. Its VM has to run.
    ///
    /// # Errors
    ///
    /// Azure does not answer, or refuses.
    pub async fn effective_groups(&self, nic: &str) -> Result<Value, Fault> {
        let answer = self.act(nic, "effectiveNetworkSecurityGroups", String::new()).await?;
        let said: Value =
            serde_json::from_slice(&answer).map_err(|error| self.unreadable(error.to_string()))?;
        match said.get("value").is_some_and(Value::is_array) {
            true => Ok(said),
            false => Err(self.unreadable("it is no list of groups".to_owned())),
        }
    }

    /// Asks a resource to do something, and waits until it has: 202 is no answer.
    async fn act(&self, resource: &str, action: &str, body: String) -> Result<Vec<u8>, Fault> {
        let mut url = self.cloud().arm.clone();
        url.set_path(&format!("{}/{action}", resource.trim_matches('/')));
        url.set_query(Some(&format!("api-version={VERSION}")));
        let mut ask = Ask { url, body: Some(body.into_bytes()), limit: Limit::Action };
        for _ in 0..POLLS {
            let answer = self.ask(&ask).await?;
            if answer.status != StatusCode::ACCEPTED {
                return Ok(answer.body);
            }
            if let Some(url) = self.later(&ask.url, &answer.headers)? {
                ask = Ask { url, body: None, limit: Limit::Arm };
            } else if ask.body.is_some() {
                return Err(self.unreadable("it comes later, and is not told where".to_owned()));
            }
            let asked = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = asked.and_then(duration).unwrap_or(Duration::from_secs(1));
            tokio::time::sleep(wait.clamp(Duration::from_millis(10), Duration::from_secs(30))).await;
        }
        Err(Fault::GaveUp { tries: POLLS, last: "it is still being worked on".to_owned() })
    }

    /// Where an answer that comes later will be.
    fn later(&self, asked: &Url, headers: &HeaderMap) -> Result<Option<Url>, Fault> {
        let Some(location) = headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
            return Ok(None);
        };
        let url = asked.join(location).map_err(|error| self.unreadable(error.to_string()))?;
        // INVARIANT: a token goes to the cloud that it was made for, and nowhere else.
        if url.origin() != self.cloud().arm.origin() {
            let host = url.host_str().unwrap_or_default();
            return Err(self.unreadable(format!("it comes later from `{host}`, another host")));
        }
        Ok(Some(url))
    }

    fn unreadable(&self, detail: String) -> Fault {
        Fault::Unreadable { host: self.cloud().arm.host_str().unwrap_or_default().to_owned(), detail }
    }
}
