//! The stand-in for Azure, held to what Azure answered when somebody recorded it. The recordings are kept outside of
//! this repository; where they are not at hand the test is skipped, and says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use std::path::{Path, PathBuf};

use azure::connect;
use azure_sim::{Quota, World, start};
use serde_json::Value;

const TENANT: &str = "11111111-1111-1111-1111-111111111111";

fn recordings() -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?;
    let folder = std::fs::read_dir(root.join("shared/azure/responses")).ok()?;
    let mut all: Vec<_> = folder.filter_map(|entry| Some(entry.ok()?.path())).collect();
    all.retain(|path| path.extension().is_some_and(|end| end == "json"));
    all.sort();
    Some(all)
}

fn same(a: &str, b: &str) -> bool {
    a.trim_end_matches('/').eq_ignore_ascii_case(b.trim_end_matches('/'))
}

/// The id of a resource, in lower case.
fn id(row: &Value) -> String {
    row["id"].as_str().unwrap_or_default().to_ascii_lowercase()
}

#[derive(Debug, Default)]
struct Count {
    resources: usize,
    lists: usize,
    left_out: usize,
}

#[tokio::test]
async fn what_azure_answered_is_answered() {
    let Some(files) = recordings() else {
        eprintln!("skipped: the recordings are not at hand");
        return;
    };
    let mut count = Count::default();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let Ok(Value::Array(exchanges)) = serde_json::from_str(&text) else { continue };
        for exchange in exchanges {
            let (path, body) = (exchange["path"].as_str().unwrap_or_default(), &exchange["response_body"]);
            if exchange["method"] != "GET" || exchange["status"] != 200 || !body.is_object() {
                continue;
            }
            let list = body["value"].as_array();
            // A list of one type in a subscription or group; a resource at its own address.
            let simple = path
                .to_ascii_lowercase()
                .rsplit_once("/providers/")
                .is_some_and(|(_, rest)| rest.split('/').count() == 2);
            let told = match list {
                Some(rows) => {
                    simple && rows.iter().all(|row| row["id"].is_string()) && body["nextLink"].is_null()
                }
                None => same(path, &id(body)) && !body["id"].is_null(),
            };
            let version = exchange["api_version"].as_str().filter(|version| !version.is_empty());
            let Some(version) = version.filter(|_| told) else {
                count.left_out += 1;
                continue;
            };
            let mut world = World::new(TENANT, []);
            let rows = list.cloned().unwrap_or_else(|| vec![body.clone()]);
            // Lists of other types than their path tells are of kinds that the stand-in does not keep apart.
            let wanted = path.to_ascii_lowercase();
            let (scope, kind) = wanted.rsplit_once("/providers/").unwrap_or_default();
            let plain = |row: &Value| {
                let own = id(row);
                let mut steps = own.rsplit("/providers/").next().unwrap_or_default().split('/');
                let first = steps.next().unwrap_or_default().to_owned();
                let named = steps.step_by(2).fold(first, |text, step| format!("{text}/{step}"));
                own.starts_with(&format!("{scope}/"))
                    && (named == kind || named.replace("/locations", "") == kind)
            };
            if list.is_some() && !rows.iter().all(plain) {
                count.left_out += 1;
                continue;
            }
            rows.iter().cloned().for_each(|row| world.add(row));
            let sim = start(world, Quota::NONE, 1000, Vec::new()).await.unwrap();
            let http = connect(sim.authority.as_bytes()).unwrap();
            let token = http
                .post(format!("{}{TENANT}/oauth2/v2.0/token", sim.base))
                .body("client_id=a")
                .send()
                .await
                .unwrap();
            let token: Value = serde_json::from_slice(&token.bytes().await.unwrap()).unwrap();
            let address = format!(
                "{}{}?api-version={version}",
                sim.base,
                path.trim_start_matches('/').replace(' ', "%20")
            );
            let asked = http.get(&address).bearer_auth(token["access_token"].as_str().unwrap());
            let answer = asked.send().await.unwrap();
            let name = format!("{}: {path}", file.file_name().unwrap().to_string_lossy());
            assert_eq!(answer.status().as_u16(), 200, "{name}");
            let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
            assert!(kind.starts_with("application/json"), "{name}: {kind}");
            let said: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
            match list {
                None => {
                    assert_eq!(said, *body, "{name}");
                    count.resources += 1;
                }
                Some(rows) => {
                    let sorted = |rows: &[Value]| {
                        let mut rows = rows.to_vec();
                        rows.sort_by_key(id);
                        rows
                    };
                    assert_eq!(sorted(said["value"].as_array().unwrap()), sorted(rows), "{name}");
                    count.lists += 1;
                }
            }
        }
    }
    eprintln!("recorded answers: {count:?}");
    assert!(count.resources >= 200 && count.lists >= 50, "{count:?}");
}
