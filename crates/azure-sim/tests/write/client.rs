//! A client that knows HTTP and nothing else.

use azure_sim::{Quota, Running, Script, World, start};
use serde_json::{Value, json};

/// A simulator, and somebody who is signed in to it.
pub(crate) struct Client {
    pub(crate) sim: Running,
    http: reqwest::Client,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Said {
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.body["error"]["code"].as_str().unwrap_or_default())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    pub(crate) async fn of(world: World, faults: Vec<Script>) -> Self {
        let sim = start(world, Quota::NONE, 1000, faults).await.unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authority = reqwest::Certificate::from_pem_bundle(sim.authority.as_bytes()).unwrap();
        let http = reqwest::Client::builder().tls_certs_merge(authority).build().unwrap();
        let token = sim.issue();
        Self { sim, http, token }
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Option<Said> {
        let address = match path.starts_with("https://") {
            true => path.to_owned(),
            false => {
                let mark = if path.contains('?') { '&' } else { '?' };
                format!("{}{}{mark}api-version=2024-01-01", self.sim.base, path.trim_start_matches('/'))
            }
        };
        let mut request = self.http.request(method.parse().unwrap(), address).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.ok()?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Some(Said { status, headers, body })
    }

    pub(crate) async fn get(&self, path: &str) -> Said {
        self.ask("GET", path, None, &[]).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Said {
        self.ask("PUT", path, Some(body), &[]).await.unwrap()
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Said {
        self.ask("PATCH", path, Some(body), &[]).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Said {
        self.ask("POST", path, Some(body), &[]).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Said {
        self.ask("DELETE", path, None, &[]).await.unwrap()
    }

    /// Asks for an operation until it has ended.
    pub(crate) async fn ended(&self, said: &Said) -> Value {
        for _ in 0..20 {
            let polled = self.get(said.header("azure-asyncoperation")).await;
            assert_eq!(polled.status, 200, "{polled:?}");
            if polled.body["status"] != "InProgress" {
                return polled.body;
            }
        }
        panic!("an operation without an end: {said:?}");
    }

    /// Rows of Resource Graph.
    pub(crate) async fn rows(&self, query: &str) -> Value {
        let said = self.post("providers/Microsoft.ResourceGraph/resources", &json!({"query": query})).await;
        assert_eq!(said.status, 200, "{said:?}");
        said.body["data"].clone()
    }
}
