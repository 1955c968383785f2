//! A service principal that signs in with a certificate: the assertion that it signs.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/certificate-credentials> (PS256, `x5t#S256`).

use std::fmt;

use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PSS_SHA256, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

/// How long an assertion holds, in seconds.
const LIFE: i64 = 600;

/// A certificate with its private key, for one application at one token endpoint.
pub(crate) struct Certificate {
    key: RsaKeyPair,
    thumbprint: String,
    client: String,
    endpoint: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The file cannot be read, or is not PEM.
    #[error("`{path}` has no {what} in PEM form: {detail}")]
    Pem {
        /// The file.
        path: String,
        /// What was looked for.
        what: &'static str,
        /// What the reader says.
        detail: String,
    },
    /// The key is not one that can sign.
    #[error(
        "the private key in `{path}` is no RSA key that can be used: {detail}; PFX files can be turned with `openssl pkcs12 -nodes`"
    )]
    Key {
        /// The file.
        path: String,
        /// What the library says.
        detail: String,
    },
}

impl Certificate {
    /// Reads a file that holds the certificate and its private key, both in PEM form.
    pub(crate) fn read(path: &str, client: &str, endpoint: &str) -> Result<Self, CertificateError> {
        let pem = |what, error: rustls_pki_types::pem::Error| CertificateError::Pem {
            path: path.to_owned(),
            what,
            detail: error.to_string(),
        };
        let certificate = CertificateDer::from_pem_file(path).map_err(|error| pem("certificate", error))?;
        let key = PrivateKeyDer::from_pem_file(path).map_err(|error| pem("private key", error))?;
        let bad = |detail: String| CertificateError::Key { path: path.to_owned(), detail };
        let key = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(bad("it is of another kind".to_owned())),
        };
        Ok(Self {
            key: key.map_err(|error| bad(error.to_string()))?,
            thumbprint: URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate)),
            client: client.to_owned(),
            endpoint: endpoint.to_owned(),
        })
    }

    fn assertion(&self, now: i64, id: &str) -> Result<String, ring::error::Unspecified> {
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({"aud": self.endpoint, "iss": self.client, "sub": self.client, "jti": id,
            "nbf": now - 60, "iat": now, "exp": now + LIFE});
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Certificate {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let failed = |_| {
            azure_core::Error::with_message(azure_core::error::ErrorKind::Credential, "the key cannot sign")
        };
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).map_err(failed)?;
        let now = azure_core::time::OffsetDateTime::now_utc().unix_timestamp();
        self.assertion(now, &URL_SAFE_NO_PAD.encode(id)).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{KeyPair, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use std::process::Command;

    #[test]
    fn an_assertion_is_signed_by_the_key_and_names_the_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("both.pem");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", "1"])
            .args(["-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(folder.path())
            .output();
        let Ok(true) = made.map(|made| made.status.success()) else {
            eprintln!("skipped: openssl is not installed");
            return;
        };
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        std::fs::write(&path, read("key.pem") + &read("certificate.pem")).unwrap();
        let path = path.display().to_string();
        let certificate =
            Certificate::read(&path, "app", "https://login.example/t/oauth2/v2.0/token").unwrap();
        let text = certificate.assertion(1000, "once").unwrap();
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, certificate.key.public_key().as_ref());
        assert!(public.verify(signed.as_bytes(), &signature).is_ok());
        let parts: Vec<serde_json::Value> = signed
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!((parts[0]["alg"].as_str(), parts[1]["iss"].as_str()), (Some("PS256"), Some("app")));
        assert_eq!((parts[1]["exp"].as_i64(), parts[1]["jti"].as_str()), (Some(1600), Some("once")));
        // What is no certificate with a key says what is missing, and nothing of what is there.
        std::fs::write(folder.path().join("alone.pem"), read("key.pem")).unwrap();
        let alone = folder.path().join("alone.pem").display().to_string();
        let error = Certificate::read(&alone, "app", "https://x/").unwrap_err().to_string();
        assert!(error.contains("no certificate"), "{error}");
        assert!(!format!("{certificate:?}").contains("key"), "{certificate:?}");
    }
}
