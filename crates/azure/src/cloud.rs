//! Azure's clouds: where each of them signs people in and answers.
//!
//! Source: <https://learn.microsoft.com/azure/developer/identity/authentication-endpoints> and what the metadata
//! endpoint of each cloud says (`/metadata/endpoints`), which custom clouds are asked for.

use serde::Deserialize;
use url::Url;

/// A cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Its name, as `az cloud list` has it.
    pub name: String,
    /// Where tokens come from, without a tenant.
    pub authority: Url,
    /// Azure Resource Manager.
    pub arm: Url,
    /// What tokens for Azure Resource Manager are made out to.
    pub arm_audience: String,
    /// Microsoft Graph.
    pub graph: Url,
}

/// What tokens are made out to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Audience {
    /// Azure Resource Manager, Resource Graph included.
    Arm,
    /// Microsoft Graph.
    Graph,
}

/// Why a cloud cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// Neither a name that is known nor an endpoint.
    #[error(
        "`{0}` is no cloud: give AzureCloud, AzureUSGovernment, AzureChinaCloud, or the https address of its Resource Manager"
    )]
    Unknown(String),
    /// What the metadata endpoint said cannot be used.
    #[error("the metadata of the cloud at `{at}` cannot be used: {detail}")]
    Metadata {
        /// The address that was asked.
        at: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// The clouds that need not be asked: name, authority, Resource Manager, its audience, Microsoft Graph.
const KNOWN: [[&str; 5]; 3] = [
    [
        "AzureCloud",
        "https://login.microsoftonline.com/",
        "https://management.azure.com/",
        "https://management.core.windows.net/",
        "https://graph.microsoft.com/",
    ],
    [
        "AzureUSGovernment",
        "https://login.microsoftonline.us/",
        "https://management.usgovcloudapi.net/",
        "https://management.core.usgovcloudapi.net/",
        "https://graph.microsoft.us/",
    ],
    [
        "AzureChinaCloud",
        "https://login.chinacloudapi.cn/",
        "https://management.chinacloudapi.cn/",
        "https://management.core.chinacloudapi.cn/",
        "https://microsoftgraph.chinacloudapi.cn/",
    ],
];

/// How a cloud was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// It is one that everybody knows.
    Known(Box<Cloud>),
    /// Its Resource Manager, which has to be asked for the rest.
    At(Url),
}

impl Cloud {
    /// The cloud with a name, or at an address. Addresses have to be https: tokens go there.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn named(name: &str) -> Result<Named, CloudError> {
        let unknown = || CloudError::Unknown(name.to_owned());
        if let Some(known) =
            KNOWN.iter().find(|known| known.first().is_some_and(|its| its.eq_ignore_ascii_case(name)))
        {
            return Ok(Named::Known(Box::new(Self::of(known).ok_or_else(unknown)?)));
        }
        match https(name) {
            Some(url) => Ok(Named::At(url)),
            None => Err(unknown()),
        }
    }

    fn of([name, authority, arm, audience, graph]: &[&str; 5]) -> Option<Self> {
        Some(Self {
            name: (*name).to_owned(),
            authority: https(authority)?,
            arm: https(arm)?,
            arm_audience: (*audience).to_owned(),
            graph: https(graph)?,
        })
    }

    /// Reads what a Resource Manager says of its cloud.
    ///
    /// # Errors
    ///
    /// It is not JSON, lacks an endpoint, or names one that is not https.
    pub fn from_metadata(at: &Url, text: &[u8]) -> Result<Self, CloudError> {
        let wrong = |detail: String| CloudError::Metadata { at: at.to_string(), detail };
        let said: OneOrMany = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
        let one = match said {
            OneOrMany::One(one) => Some(*one),
            OneOrMany::Many(all) => all.into_iter().next(),
        };
        let one = one.ok_or_else(|| wrong("it lists no cloud".to_owned()))?;
        let endpoint = |what: &str, text: &str| {
            https(text).ok_or_else(|| wrong(format!("`{what}` is `{text}`, no https address")))
        };
        let graph = one.microsoft_graph_resource_id.as_deref().unwrap_or("https://graph.microsoft.com/");
        Ok(Self {
            name: one.name.unwrap_or_else(|| at.host_str().unwrap_or_default().to_owned()),
            authority: endpoint("loginEndpoint", &one.authentication.login_endpoint)?,
            arm: match &one.resource_manager {
                Some(text) => endpoint("resourceManager", text)?,
                None => at.clone(),
            },
            arm_audience: one
                .authentication
                .audiences
                .into_iter()
                .next()
                .ok_or_else(|| wrong("`audiences` is empty".to_owned()))?,
            graph: endpoint("microsoftGraphResourceId", graph)?,
        })
    }

    /// The scope of tokens for an audience.
    pub fn scope(&self, audience: Audience) -> String {
        let resource = match audience {
            Audience::Arm => self.arm_audience.as_str(),
            Audience::Graph => self.graph.as_str(),
        };
        // Resource Manager's audience keeps its slash: `https://management.core.windows.net//.default`.
        match audience {
            Audience::Arm => format!("{resource}/.default"),
            Audience::Graph => format!("{}/.default", resource.trim_end_matches('/')),
        }
    }
}

/// An https address with a path that ends in a slash.
fn https(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.host().is_some())?;
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Box<Metadata>),
    Many(Vec<Metadata>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    authentication: Authentication,
    microsoft_graph_resource_id: Option<String>,
    resource_manager: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    login_endpoint: String,
    audiences: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_clouds_go_by_the_names_of_az() {
        for name in ["AzureCloud", "azurecloud", "AzureUSGovernment", "AzureChinaCloud"] {
            let Ok(Named::Known(cloud)) = Cloud::named(name) else { panic!("{name}") };
            assert!(cloud.scope(Audience::Arm).ends_with("//.default"), "{cloud:?}");
            assert!(cloud.scope(Audience::Graph).ends_with("/.default"), "{cloud:?}");
            assert!(!cloud.scope(Audience::Graph).ends_with("//.default"), "{cloud:?}");
        }
        for wrong in ["", "azure", "http://localhost/", "https://", "ftp://x/"] {
            assert!(matches!(Cloud::named(wrong), Err(CloudError::Unknown(_))), "{wrong}");
        }
        let Ok(Named::At(url)) = Cloud::named("https://localhost:8443") else { panic!() };
        assert_eq!(url.as_str(), "https://localhost:8443/");
    }

    #[test]
    fn metadata_names_every_endpoint_by_https() {
        let at = Url::parse("https://arm.example/").unwrap();
        let text = r#"{"name":"Sim","authentication":{"loginEndpoint":"https://login.example",
            "audiences":["https://arm.example/"]},"microsoftGraphResourceId":"https://graph.example/"}"#;
        let cloud = Cloud::from_metadata(&at, text.as_bytes()).unwrap();
        assert_eq!((cloud.name.as_str(), cloud.authority.as_str()), ("Sim", "https://login.example/"));
        assert_eq!(cloud.arm, at);
        let listed = format!("[{text}]");
        assert_eq!(Cloud::from_metadata(&at, listed.as_bytes()).unwrap(), cloud);
        for wrong in [
            "",
            "[]",
            "{}",
            "null",
            &text.replace("https://login", "http://login"),
            &text.replace("\"https://arm.example/\"", ""),
        ] {
            let error = Cloud::from_metadata(&at, wrong.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("https://arm.example/"), "{error}");
        }
    }
}
