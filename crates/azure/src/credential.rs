//! Whose rights we use: the chain of credentials that people expect, in the order of Azure's other tools, and which
//! link of it answered.
//!
//! Source: <https://learn.microsoft.com/azure/developer/go/sdk/authentication/credential-chains> (the order of links,
//! `AZURE_TOKEN_CREDENTIALS`). `azure_identity` has the links and no chain.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzureDeveloperCliCredential,
    AzureDeveloperCliCredentialOptions, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Mutex;

use crate::certificate::Certificate;
use crate::cloud::{Audience, Cloud};

/// How long a machine is given to say that it has a managed identity.
const PROBE: Duration = Duration::from_secs(1);

/// How long one link is given to answer: `az` starts an interpreter.
const LINK: Duration = Duration::from_secs(60);

/// Tokens that end sooner than this are not used any more.
const EARLY: i64 = 300;

/// A link of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// A service principal that environment variables name, with a secret or a certificate.
    Environment,
    /// A token of Kubernetes or another provider, exchanged.
    WorkloadIdentity,
    /// The identity of the machine.
    ManagedIdentity,
    /// Who is signed in to `az`.
    AzureCli,
    /// Who is signed in to `azd`.
    AzureDeveloperCli,
}

impl Link {
    /// All of them, in the order that they are asked.
    pub const ALL: [Self; 5] = [
        Self::Environment,
        Self::WorkloadIdentity,
        Self::ManagedIdentity,
        Self::AzureCli,
        Self::AzureDeveloperCli,
    ];

    /// Its name: `environment`, `azure-cli`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::WorkloadIdentity => "workload-identity",
            Self::ManagedIdentity => "managed-identity",
            Self::AzureCli => "azure-cli",
            Self::AzureDeveloperCli => "azure-developer-cli",
        }
    }

    /// What its absence is called, and what to do: the reason that is given where nothing of it is there.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Environment => {
                "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH"
            }
            Self::WorkloadIdentity => "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE",
            Self::ManagedIdentity => "this machine has no managed identity",
            Self::AzureCli => "run `az login`",
            Self::AzureDeveloperCli => "run `azd auth login`",
        }
    }
}

/// The variables of the environment that count, read by the program.
#[derive(Clone, Default)]
pub struct Variables {
    /// `AZURE_TENANT_ID`.
    pub tenant: Option<String>,
    /// `AZURE_CLIENT_ID`.
    pub client: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub secret: Option<String>,
    /// `AZURE_CLIENT_CERTIFICATE_PATH`.
    pub certificate: Option<String>,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub federated_token_file: Option<String>,
    /// `IDENTITY_ENDPOINT`: a host that gives its programs an identity.
    pub identity_endpoint: Option<String>,
    /// `AZURE_TOKEN_CREDENTIALS`: which links are asked.
    pub token_credentials: Option<String>,
}

impl Variables {
    /// Those of this process.
    pub fn of_process() -> Self {
        let read = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        Self {
            tenant: read("AZURE_TENANT_ID"),
            client: read("AZURE_CLIENT_ID"),
            secret: read("AZURE_CLIENT_SECRET"),
            certificate: read("AZURE_CLIENT_CERTIFICATE_PATH"),
            federated_token_file: read("AZURE_FEDERATED_TOKEN_FILE"),
            identity_endpoint: read("IDENTITY_ENDPOINT"),
            token_credentials: read("AZURE_TOKEN_CREDENTIALS"),
        }
    }

    /// The links that are asked.
    ///
    /// # Errors
    ///
    /// `AZURE_TOKEN_CREDENTIALS` names none.
    pub fn links(&self) -> Result<Vec<Link>, CredentialError> {
        let Some(asked) = &self.token_credentials else { return Ok(Link::ALL.to_vec()) };
        let named = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(asked));
        let links = match () {
            () if named(&["dev"]) => vec![Link::AzureCli, Link::AzureDeveloperCli],
            () if named(&["prod"]) => vec![Link::Environment, Link::WorkloadIdentity, Link::ManagedIdentity],
            () if named(&["EnvironmentCredential", "environment"]) => vec![Link::Environment],
            () if named(&["WorkloadIdentityCredential", "workload-identity"]) => vec![Link::WorkloadIdentity],
            () if named(&["ManagedIdentityCredential", "managed-identity"]) => vec![Link::ManagedIdentity],
            () if named(&["AzureCliCredential", "azure-cli"]) => vec![Link::AzureCli],
            () if named(&["AzureDeveloperCliCredential", "azure-developer-cli"]) => {
                vec![Link::AzureDeveloperCli]
            }
            () => return Err(CredentialError::Choice(asked.clone())),
        };
        Ok(links)
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// `AZURE_TOKEN_CREDENTIALS` names no link.
    #[error(
        "AZURE_TOKEN_CREDENTIALS is `{0}`: give `dev`, `prod` or the name of a credential such as `AzureCliCredential`"
    )]
    Choice(String),
    /// No link answered: each with its reason.
    #[error("nobody is signed in to Azure:{}", listed(.0))]
    Nobody(Vec<(Link, String)>),
    /// The link that answered before does not any more.
    #[error("no new token by {}: {detail}", .link.name())]
    Lost {
        /// The link.
        link: Link,
        /// What it says.
        detail: String,
    },
}

fn listed(links: &[(Link, String)]) -> String {
    links.iter().map(|(link, why)| format!("\n  {}: {why}", link.name())).collect()
}

/// Who a token was made out to, for the manifest of a snapshot: no proof of anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Caller {
    /// The tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The id of the person or service principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The name that a person signs in with, or the id of the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

struct Token {
    secret: String,
    /// Seconds since 1970.
    expires: i64,
}

struct State {
    /// The link that answered, with its credential.
    chosen: Option<(Link, Arc<dyn TokenCredential>)>,
    tokens: Vec<(Audience, Token)>,
}

/// The chain: asks its links in their order, and stays with the one that answered.
pub struct Chain {
    cloud: Cloud,
    http: reqwest::Client,
    variables: Variables,
    links: Vec<Link>,
    state: Mutex<State>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("links", &self.links).finish_non_exhaustive()
    }
}

impl Chain {
    /// A chain for a cloud. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// `AZURE_TOKEN_CREDENTIALS` names no link.
    pub fn new(cloud: Cloud, http: reqwest::Client, variables: Variables) -> Result<Self, CredentialError> {
        let links = variables.links()?;
        let state = Mutex::new(State { chosen: None, tokens: Vec::new() });
        Ok(Self { cloud, http, variables, links, state })
    }

    /// A token for an audience: one that is kept, or a new one. `refused` is one that Azure did not take any more.
    ///
    /// # Errors
    ///
    /// No link answers.
    pub(crate) async fn token(
        &self,
        audience: Audience,
        refused: Option<&str>,
    ) -> Result<String, CredentialError> {
        let mut state = self.state.lock().await;
        let now = azure_core::time::OffsetDateTime::now_utc().unix_timestamp();
        let kept = state.tokens.iter().find(|(its, token)| {
            *its == audience && token.expires - EARLY > now && Some(token.secret.as_str()) != refused
        });
        if let Some((_, token)) = kept {
            return Ok(token.secret.clone());
        }
        if refused.is_some() {
            // What the link keeps is what was refused: it is made anew.
            if let Some((link, _)) = state.chosen.take() {
                let credential =
                    self.credential(link).await.map_err(|detail| CredentialError::Lost { link, detail })?;
                state.chosen = Some((link, credential));
            }
        }
        let scope = self.cloud.scope(audience);
        let token = match state.chosen.clone() {
            Some((link, credential)) => ask(credential.as_ref(), &scope)
                .await
                .map_err(|detail| CredentialError::Lost { link, detail })?,
            None => {
                let (link, credential, token) = self.first(&scope).await?;
                state.chosen = Some((link, credential));
                token
            }
        };
        let secret = token.secret.clone();
        state.tokens.retain(|(its, _)| *its != audience);
        state.tokens.push((audience, token));
        Ok(secret)
    }

    /// The link that answered, once one has.
    pub async fn link(&self) -> Option<Link> {
        self.state.lock().await.chosen.as_ref().map(|(link, _)| *link)
    }

    /// Who the tokens for Resource Manager are made out to, once there is one.
    pub async fn caller(&self) -> Caller {
        let state = self.state.lock().await;
        let token = state.tokens.iter().find(|(audience, _)| *audience == Audience::Arm);
        token.map(|(_, token)| caller(&token.secret)).unwrap_or_default()
    }

    async fn first(&self, scope: &str) -> Result<(Link, Arc<dyn TokenCredential>, Token), CredentialError> {
        let mut reasons = Vec::new();
        for link in &self.links {
            let credential = match self.credential(*link).await {
                Ok(credential) => credential,
                Err(reason) => {
                    reasons.push((*link, reason));
                    continue;
                }
            };
            match ask(credential.as_ref(), scope).await {
                Ok(token) => return Ok((*link, credential, token)),
                Err(reason) => reasons.push((*link, reason)),
            }
        }
        Err(CredentialError::Nobody(reasons))
    }

    async fn credential(&self, link: Link) -> Result<Arc<dyn TokenCredential>, String> {
        let set = &self.variables;
        let absent = || link.hint().to_owned();
        let said = |error: azure_core::Error| short(&error.to_string());
        Ok(match link {
            Link::Environment => {
                let (Some(tenant), Some(client)) = (&set.tenant, &set.client) else { return Err(absent()) };
                match (&set.secret, &set.certificate) {
                    (Some(secret), _) => {
                        let options = ClientSecretCredentialOptions { client_options: self.options() };
                        let secret = Secret::from(secret.clone());
                        ClientSecretCredential::new(tenant, client.clone(), secret, Some(options))
                            .map_err(said)?
                    }
                    (None, Some(path)) => {
                        let endpoint = self.cloud.authority.join(&format!("{tenant}/oauth2/v2.0/token"));
                        let endpoint = endpoint.map_err(|error| error.to_string())?;
                        let assertion = Certificate::read(path, client, endpoint.as_str())
                            .map_err(|error| error.to_string())?;
                        let options = ClientAssertionCredentialOptions { client_options: self.options() };
                        ClientAssertionCredential::new(
                            tenant.clone(),
                            client.clone(),
                            assertion,
                            Some(options),
                        )
                        .map_err(said)?
                    }
                    (None, None) => return Err(absent()),
                }
            }
            Link::WorkloadIdentity => {
                if set.federated_token_file.is_none() || set.tenant.is_none() || set.client.is_none() {
                    return Err(absent());
                }
                let options = WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions { client_options: self.options() },
                    client_id: set.client.clone(),
                    tenant_id: set.tenant.clone(),
                    token_file_path: set.federated_token_file.clone().map(Into::into),
                };
                WorkloadIdentityCredential::new(Some(options)).map_err(said)?
            }
            Link::ManagedIdentity => {
                if set.identity_endpoint.is_none() && !has_metadata_service().await {
                    return Err(absent());
                }
                let options = ManagedIdentityCredentialOptions {
                    user_assigned_id: set.client.clone().map(UserAssignedId::ClientId),
                    client_options: self.options(),
                };
                ManagedIdentityCredential::new(Some(options)).map_err(said)?
            }
            Link::AzureCli => {
                let options =
                    AzureCliCredentialOptions { tenant_id: set.tenant.clone(), ..Default::default() };
                AzureCliCredential::new(Some(options)).map_err(said)?
            }
            Link::AzureDeveloperCli => {
                let options = AzureDeveloperCliCredentialOptions {
                    tenant_id: set.tenant.clone(),
                    ..Default::default()
                };
                AzureDeveloperCliCredential::new(Some(options)).map_err(said)?
            }
        })
    }

    fn options(&self) -> ClientOptions {
        let mut custom = CustomConfiguration::default();
        custom.authority_host = self.cloud.authority.to_string();
        ClientOptions {
            transport: Some(Transport::new(Arc::new(self.http.clone()))),
            cloud: Some(Arc::new(CloudConfiguration::Custom(custom))),
            ..ClientOptions::default()
        }
    }
}

/// The metadata service of Azure's machines answers at once or is not there.
async fn has_metadata_service() -> bool {
    let connected = tokio::net::TcpStream::connect(("169.254.169.254", 80));
    matches!(tokio::time::timeout(PROBE, connected).await, Ok(Ok(_)))
}

async fn ask(credential: &dyn TokenCredential, scope: &str) -> Result<Token, String> {
    match tokio::time::timeout(LINK, credential.get_token(&[scope], None)).await {
        Ok(Ok(token)) => {
            let expires = token.expires_on.unix_timestamp();
            Ok(Token { secret: token.token.secret().to_owned(), expires })
        }
        Ok(Err(error)) => Err(short(&error.to_string())),
        Err(_) => Err(format!("no answer in {} seconds", LINK.as_secs())),
    }
}

/// One line of a message, without control characters.
fn short(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|one| !one.is_control()).take(300).collect()
}

pub(crate) fn caller(token: &str) -> Caller {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Option<serde_json::Value> = claims.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let claims = claims.unwrap_or_default();
    let text = |names: &[&str]| {
        names.iter().find_map(|name| Some(claims.get(name)?.as_str()?.chars().take(256).collect::<String>()))
    };
    Caller {
        tenant: text(&["tid"]),
        object: text(&["oid"]),
        name: text(&["upn", "unique_name", "appid", "azp"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_of_other_tools_chooses_the_links() {
        let links = |text: Option<&str>| {
            let variables = Variables { token_credentials: text.map(str::to_owned), ..Variables::default() };
            variables.links().map(|links| links.len()).map_err(|error| error.to_string())
        };
        assert_eq!(links(None), Ok(5));
        assert_eq!(links(Some("dev")), Ok(2));
        assert_eq!(links(Some("PROD")), Ok(3));
        assert_eq!(links(Some("AzureCliCredential")), Ok(1));
        assert!(links(Some("cli")).unwrap_err().contains("`cli`"));
    }

    #[test]
    fn a_token_names_who_it_is_made_out_to() {
        let token = |claims: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims));
        let one = caller(&token(r#"{"tid":"t","oid":"o","upn":"a@example.com","appid":"b"}"#));
        assert_eq!(one.name.as_deref(), Some("a@example.com"));
        assert_eq!((one.tenant.as_deref(), one.object.as_deref()), (Some("t"), Some("o")));
        assert_eq!(caller(&token(r#"{"appid":"b"}"#)).name.as_deref(), Some("b"));
        for opaque in ["", "abc", "a.b.c", "a.%.c", &token("[]"), &token(r#"{"tid":1}"#)] {
            assert_eq!(caller(opaque), Caller::default(), "{opaque}");
        }
    }
}
