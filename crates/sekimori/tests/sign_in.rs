//! Every way to be signed in, as far as it can be had without Azure: which one answers is told.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod azure;
mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use azure::Sim;
use azure_sim::{Fault, Running, Script};
use common::{Ran, example_resources, run_in, scratch};

const TENANT: (&str, &str) = ("AZURE_TENANT_ID", azure::TENANT);
const CLIENT: (&str, &str) = ("AZURE_CLIENT_ID", azure::CLIENT);

fn sim(faults: Vec<Script>) -> Sim {
    azure::sim(example_resources(), Vec::new(), faults)
}

fn collect(folder: &Path, sim: &Running, environment: &[(&str, &str)]) -> Ran {
    std::fs::write(folder.join("authority.pem"), &sim.authority).unwrap();
    let live = [
        "collect",
        "-o",
        "e.ndjson.zst",
        "--no-directory",
        "--cloud",
        &sim.base,
        "--authority",
        "authority.pem",
    ];
    run_in(folder, &live, b"", environment)
}

/// What was sent to be given the first token.
fn form(sim: &Running) -> Vec<(String, String)> {
    let form = sim.seen().into_iter().map(|seen| seen.form).find(|form| !form.is_empty()).unwrap();
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn sent<'f>(form: &'f [(String, String)], name: &str) -> &'f str {
    form.iter().find(|(its, _)| its == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

#[test]
fn by_a_certificate() {
    let folder = scratch();
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
    std::fs::write(folder.path().join("both.pem"), read("key.pem") + &read("certificate.pem")).unwrap();
    let sim = sim(Vec::new());
    let ran = collect(folder.path(), &sim, &[TENANT, CLIENT, ("AZURE_CLIENT_CERTIFICATE_PATH", "both.pem")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("by environment"), "{}", ran.err);
    let form = form(&sim);
    assert_eq!(sent(&form, "client_id"), CLIENT.1);
    assert_eq!(sent(&form, "client_assertion").split('.').count(), 3, "{form:?}");
    assert_eq!(sent(&form, "client_secret"), "");
}

#[test]
fn by_a_token_of_another_provider_when_the_secret_is_wrong() {
    let wrong = vec![Script {
        when: "client_secret".to_owned(),
        fault: Fault::Forbidden,
        after: 0,
        times: usize::MAX,
    }];
    let sim = sim(wrong);
    let folder = scratch();
    std::fs::write(folder.path().join("token"), "a.token.of-kubernetes").unwrap();
    let environment =
        [TENANT, CLIENT, ("AZURE_CLIENT_SECRET", "hunter2"), ("AZURE_FEDERATED_TOKEN_FILE", "token")];
    let ran = collect(folder.path(), &sim, &environment);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("by workload-identity"), "{}", ran.err);
    let last = sim.seen().into_iter().rfind(|seen| !seen.form.is_empty()).unwrap();
    assert!(last.form.contains("client_assertion=a.token.of-kubernetes"), "{last:?}");
    assert!(!ran.err.contains("hunter2"));
}

#[test]
fn by_the_identity_of_the_machine() {
    let sim = sim(Vec::new());
    let token = sim.issue();
    // The service that hosts such as App Service have.
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/msi/token", service.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = service.accept().unwrap();
        let mut asked = [0u8; 4096];
        let length = stream.read(&mut asked).unwrap();
        let body = format!(
            r#"{{"access_token":"{token}","expires_on":"4102444800","resource":"r","token_type":"Bearer"}}"#
        );
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        String::from_utf8_lossy(&asked[..length]).into_owned()
    });
    let folder = scratch();
    let environment = [
        ("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential"),
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", "a-header"),
    ];
    let ran = collect(folder.path(), &sim, &environment);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("by managed-identity"), "{}", ran.err);
    let asked = served.join().unwrap().to_lowercase();
    assert!(asked.contains("x-identity-header: a-header") && asked.contains("resource="), "{asked}");
}

#[test]
fn by_the_sign_in_of_azd() {
    let sim = sim(Vec::new());
    let folder = scratch();
    let tools = folder.path().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let azd = tools.join("azd");
    let script = format!(
        "#!/bin/sh\necho '{{\"token\":\"{}\",\"expiresOn\":\"2100-01-01T00:00:00Z\"}}'\n",
        sim.issue()
    );
    std::fs::write(&azd, script).unwrap();
    std::fs::set_permissions(&azd, std::fs::Permissions::from_mode(0o755)).unwrap();
    // `az` is there and nobody is signed in to it: the next link is asked.
    let az = tools.join("az");
    std::fs::write(&az, "#!/bin/sh\necho \"ERROR: Please run 'az login' to setup account.\" >&2\nexit 1\n")
        .unwrap();
    std::fs::set_permissions(&az, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let environment = [("AZURE_TOKEN_CREDENTIALS", "dev"), ("PATH", path.as_str())];
    let ran = collect(folder.path(), &sim, &environment);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("by azure-developer-cli"), "{}", ran.err);
}
