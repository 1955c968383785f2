//! The stand-in as a program, for people to try: `azure-sim ESTATE… [--port N] [--authority FILE]`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use azure_sim::{Quota, World, start_at};
use serde_json::{Deserializer, Value};

const USAGE: &str = "usage: azure-sim ESTATE… [--port N] [--authority FILE]\n\
  ESTATE     files or folders with what `az` prints, or snapshots (.ndjson, .ndjson.zst)\n\
  --port     where to listen on localhost; any free port without it\n\
  --authority  where to write the certificate of its authority [azure-sim.pem]";

/// The tenant that everything is in.
const TENANT: &str = "11111111-1111-1111-1111-111111111111";

struct Arguments {
    estates: Vec<PathBuf>,
    port: u16,
    authority: PathBuf,
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
    for path in &arguments.estates {
        read(path, &mut world, 0)?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let running = start_at(arguments.port, world, Quota::REAL, 1000, Vec::new()).await;
        let running = running.map_err(|error| format!("cannot listen on port {}: {error}", arguments.port))?;
        let authority = std::path::absolute(&arguments.authority).map_err(|error| error.to_string())?;
        std::fs::write(&authority, &running.authority)
            .map_err(|error| format!("cannot write `{}`: {error}", authority.display()))?;
        let (base, authority) = (&running.base, authority.display());
        let text = format!(
            "listening at {base}; stop it with Ctrl-C\n\n\
             export AZURE_TENANT_ID={TENANT} AZURE_CLIENT_ID=22222222-2222-2222-2222-222222222222 AZURE_CLIENT_SECRET=any\n\
             sekimori check --cloud {base} --authority {authority}\n\n\
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
    let mut all = Arguments { estates: Vec::new(), port: 0, authority: "azure-sim.pem".into() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value\n{USAGE}"));
        match word.as_str() {
            "--port" => {
                all.port =
                    value()?.parse().map_err(|_| format!("`--port` is a number up to 65535\n{USAGE}"))?
            }
            "--authority" => all.authority = value()?.into(),
            flag if flag.starts_with('-') => return Err(USAGE.to_owned()),
            path => all.estates.push(path.into()),
        }
    }
    if all.estates.is_empty() { Err(USAGE.to_owned()) } else { Ok(all) }
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
