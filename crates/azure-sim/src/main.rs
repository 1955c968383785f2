//! The stand-in as a program, for people to try: `azure-sim ESTATE… [--port N] [--recordings FILE] [--script FILE]`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use azure_sim::{Conflict, Fault, Quota, Rate, Recording, Script, World, Writes, start_at};
use serde_json::{Deserializer, Value};

const USAGE: &str = "usage: azure-sim ESTATE… [--port N] [--authority FILE] [--recordings FILE] [--script FILE]\n\
  ESTATE     files or folders with what `az` prints, or snapshots (.ndjson, .ndjson.zst)\n\
  --port     where to listen on localhost; any free port without it\n\
  --authority  where to write the certificate of its authority [azure-sim.pem]\n\
  --recordings  what Azure said to requests: [{\"method\": \"POST\", \"path\", \"request_body\", \"status\", \"response_body\"}]\n\
  --script   what goes wrong: [{\"when\": [a method and a space] a part of the path or body, \"fault\", \"seconds\"?, \"after\"?, \"times\"?}]; faults are\n\
             forbidden, missing, unregistered, unlicensed, expired, throttled, unavailable, half, cut, lost, repeated, truncated,\n\
             nonsense, elsewhere; of writes: cut-after, changed (412), failed, canceled, retryable (429), in-progress, concurrent-write,\n\
             superseded (409)";

/// The tenant that everything is in.
const TENANT: &str = "11111111-1111-1111-1111-111111111111";

struct Arguments {
    estates: Vec<PathBuf>,
    port: u16,
    authority: PathBuf,
    recordings: Option<PathBuf>,
    script: Option<PathBuf>,
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            std::process::ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let arguments = arguments(std::env::args().skip(1))?;
    let mut world = World::new(TENANT, []);
    // Clients wait as long as they like where this says 0; `az` does so for half a minute.
    world.set_writes(Writes { retry_after: 1, rate: Rate::REAL, ..Writes::default() });
    for path in &arguments.estates {
        read(path, &mut world, 0)?;
    }
    for one in list(arguments.recordings.as_deref())?.iter().filter(|one| text(one, "method") == Some("POST"))
    {
        world.record(recording(one).ok_or_else(|| format!("no recording: {one}"))?);
    }
    let faults: Result<Vec<Script>, String> = list(arguments.script.as_deref())?.iter().map(script).collect();
    let faults = faults?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let running = start_at(arguments.port, world, Quota::REAL, 1000, faults).await;
        let running = running.map_err(|error| format!("cannot listen on port {}: {error}", arguments.port))?;
        let authority = std::path::absolute(&arguments.authority).map_err(|error| error.to_string())?;
        std::fs::write(&authority, &running.authority)
            .map_err(|error| format!("cannot write `{}`: {error}", authority.display()))?;
        let (base, authority) = (&running.base, authority.display());
        let text = format!(
            "listening at {base}; stop it with Ctrl-C\n\n\
             export AZURE_TENANT_ID={TENANT} AZURE_CLIENT_ID=22222222-2222-2222-2222-222222222222 AZURE_CLIENT_SECRET=any\n\
             sekimori check --cloud {base} --authority {authority}\n\
             sekimori fix --cloud {base} --authority {authority} --select NET001 --approve 203.0.113.0/24\n\n\
             export AZURE_CONFIG_DIR=$(mktemp -d) REQUESTS_CA_BUNDLE={authority} AZURE_CORE_COLLECT_TELEMETRY=no\n\
             az cloud register -n Sim --endpoint-resource-manager {base} && az cloud set -n Sim\n\
             az config set core.instance_discovery=false\n\
             az login --service-principal -u $AZURE_CLIENT_ID -p any --tenant {TENANT}\n"
        );
        let mut out = std::io::stdout();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| error.to_string())?;
        std::future::pending::<()>().await;
        Ok(())
    })
}

fn arguments(words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut words = words;
    let mut all = Arguments {
        estates: Vec::new(),
        port: 0,
        authority: "azure-sim.pem".into(),
        recordings: None,
        script: None,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value\n{USAGE}"));
        match word.as_str() {
            "--port" => {
                all.port =
                    value()?.parse().map_err(|_| format!("`--port` is a number up to 65535\n{USAGE}"))?
            }
            "--authority" => all.authority = value()?.into(),
            "--recordings" => all.recordings = Some(value()?.into()),
            "--script" => all.script = Some(value()?.into()),
            flag if flag.starts_with('-') => return Err(USAGE.to_owned()),
            path => all.estates.push(path.into()),
        }
    }
    if all.estates.is_empty() { Err(USAGE.to_owned()) } else { Ok(all) }
}

/// The list in a file; none without a file.
fn list(path: Option<&Path>) -> Result<Vec<Value>, String> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("`{}` is no list in JSON: {error}", path.display()))
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn recording(one: &Value) -> Option<Recording> {
    let status = one.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok())?;
    let field = |name: &str| one.get(name).cloned().unwrap_or_default();
    let (body, answer) = (field("request_body"), field("response_body"));
    Some(Recording { path: text(one, "path")?.to_owned(), body, status, answer, polls: 1 })
}

fn script(one: &Value) -> Result<Script, String> {
    let number =
        |name: &str| one.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
    let fault = match text(one, "fault").unwrap_or_default() {
        "forbidden" => Fault::Forbidden,
        "missing" => Fault::Missing,
        "unregistered" => Fault::Unregistered,
        "unlicensed" => Fault::Unlicensed,
        "expired" => Fault::Expired,
        "throttled" => Fault::Throttled(one.get("seconds").and_then(Value::as_u64)),
        "unavailable" => Fault::Unavailable,
        "half" => Fault::Half,
        "cut" => Fault::Cut,
        "lost" => Fault::Lost,
        "repeated" => Fault::Repeated,
        "truncated" => Fault::Truncated,
        "nonsense" => Fault::Nonsense,
        "elsewhere" => Fault::Elsewhere,
        "cut-after" => Fault::CutAfter,
        "changed" => Fault::Changed,
        "failed" => Fault::Failed,
        "canceled" => Fault::Canceled,
        "retryable" => Fault::Refused(Conflict::Retryable),
        "in-progress" => Fault::Refused(Conflict::InProgress),
        "concurrent-write" => Fault::Refused(Conflict::ConcurrentWrite),
        "superseded" => Fault::Refused(Conflict::Superseded),
        other => return Err(format!("`{other}` is no fault\n{USAGE}")),
    };
    let when = text(one, "when").ok_or_else(|| format!("a fault without `when`: {one}\n{USAGE}"))?.to_owned();
    let (after, times) = (number("after").unwrap_or(0), number("times").unwrap_or(usize::MAX));
    Ok(Script { when, fault, after, times })
}

/// How deep folders are looked into.
const DEPTH: usize = 8;

fn read(path: &Path, world: &mut World, depth: usize) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot read `{}`: {error}", path.display());
    if path.is_dir() {
        let mut entries: Vec<_> =
            std::fs::read_dir(path).map_err(failed)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        entries.sort();
        let wanted = |path: &PathBuf| {
            let name = path.to_string_lossy();
            depth < DEPTH
                && (path.is_dir() || [".json", ".ndjson", ".zst"].iter().any(|end| name.ends_with(end)))
        };
        return entries.iter().filter(|path| wanted(path)).try_for_each(|path| read(path, world, depth + 1));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(failed)?;
    if path.extension().is_some_and(|end| end == "zst") {
        bytes = zstd::decode_all(bytes.as_slice()).map_err(failed)?;
    }
    for value in Deserializer::from_slice(&bytes).into_iter::<Value>() {
        add(world, value.map_err(|error| format!("`{}` is not JSON: {error}", path.display()))?);
    }
    Ok(())
}

/// Adds a resource, or those of a list: an array, or one that stands in an envelope.
fn add(world: &mut World, value: Value) {
    match value {
        Value::Array(all) => all.into_iter().for_each(|one| add(world, one)),
        Value::Object(mut members) if !members.contains_key("id") => {
            for name in ["value", "data"] {
                if let Some(list) = members.remove(name).filter(Value::is_array) {
                    return add(world, list);
                }
            }
        }
        one => world.add(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_says_what_it_takes() {
        let parse = |words: &[&str]| arguments(words.iter().map(|word| (*word).to_owned()));
        let all = parse(&["estate", "--port", "8443", "more.json"]).ok().unwrap();
        assert_eq!((all.estates.len(), all.port, all.authority.to_str()), (2, 8443, Some("azure-sim.pem")));
        for wrong in [&[][..], &["--port"], &["x", "--port", "70000"], &["--help"], &["x", "--else"]] {
            assert!(parse(wrong).is_err_and(|text| text.contains("usage: azure-sim")), "{wrong:?}");
        }
    }

    #[test]
    fn recordings_and_scripts_are_read_or_refused() {
        let read = |value: Value| script(&value).map(|one| (one.when, one.fault, one.after, one.times));
        let throttled = serde_json::json!({"when": "locks", "fault": "throttled", "seconds": 60, "times": 1});
        assert_eq!(read(throttled), Ok(("locks".to_owned(), Fault::Throttled(Some(60)), 0, 1)));
        let always = serde_json::json!({"when": "locks", "fault": "cut", "after": 2});
        assert_eq!(read(always), Ok(("locks".to_owned(), Fault::Cut, 2, usize::MAX)));
        let refused =
            serde_json::json!({"when": "PUT securityRules", "fault": "concurrent-write", "times": 2});
        let conflict = Fault::Refused(Conflict::ConcurrentWrite);
        assert_eq!(read(refused), Ok(("PUT securityRules".to_owned(), conflict, 0, 2)));
        for odd in [
            serde_json::json!({"when": "x", "fault": "odd"}),
            serde_json::json!({"fault": "cut"}),
            Value::Null,
        ] {
            assert!(script(&odd).is_err_and(|error| error.contains("usage: azure-sim")), "{odd}");
        }
        let told = serde_json::json!({"method": "POST", "path": "/a/ipFlowVerify", "status": 200, "response_body": {"access": "Deny"}});
        let one = recording(&told).unwrap();
        assert_eq!(
            (one.path.as_str(), one.status, &one.answer["access"]),
            ("/a/ipFlowVerify", 200, &Value::from("Deny"))
        );
        assert!(recording(&serde_json::json!({"path": "/a"})).is_none());
    }

    #[test]
    fn every_shape_of_a_list_is_read() {
        let one = |number: u32| serde_json::json!({"id": format!("/subscriptions/s/resourceGroups/g/providers/a.b/c/{number}")});
        let count = |value: Value| {
            let mut world = World::new(TENANT, []);
            add(&mut world, value);
            world.len()
        };
        assert_eq!(count(one(1)), 1);
        assert_eq!(count(serde_json::json!([one(1), one(2)])), 2);
        assert_eq!(count(serde_json::json!({"value": [one(1), one(2)], "nextLink": null})), 2);
        assert_eq!(count(serde_json::json!({"data": [one(1)]})), 1);
        assert_eq!(count(serde_json::json!({"kind": "sekimori.snapshot/1"})), 0);
    }
}
