// SARIF before Microsoft's validator: the schema, the rules of the standard, and GitHub's.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import addFormats from "ajv-formats";
import Ajv from "ajv/dist/2020.js";
import { folder, sekimori } from "./browser.mjs";

const require = createRequire(import.meta.url);
const platform = { linux: "linux", darwin: "darwin", win32: "win32" }[process.platform];
const validator = join(
  dirname(require.resolve(`@microsoft/sarif-multitool-${platform}/package.json`)),
  process.platform === "win32" ? "Sarif.Multitool.exe" : "Sarif.Multitool",
);

// The validator does not hold every value against the schema that it brings, so that is done here.
const schema = JSON.parse(readFileSync(join(dirname(validator), "sarif-2.1.0.json"), "utf8").replace(/^\ufeff/, ""));
const holds = addFormats(new Ajv({ strict: false, allErrors: true })).compile(schema);

/** What schema and validator have to say of a file. */
function faults(file) {
  if (!holds(JSON.parse(readFileSync(file, "utf8")))) {
    return holds.errors.map((fault) => `${fault.instancePath} ${fault.message} ${fault.data ?? ""}`);
  }
  chmodSync(validator, 0o755);
  const ran = spawnSync(validator, ["validate", file, "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning"], {
    encoding: "utf8",
    env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" },
  });
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  assert.match(ran.stdout, /1 files scanned/);
  // Its exit code is 0 whatever it finds.
  return ran.stdout.split("\n").filter((line) => /: (error|warning) /.test(line));
}

function write(name, args, input) {
  const file = join(folder, name);
  const ran = sekimori(["check", ...args, "-o", file, "--fail-on", "never"], input);
  assert.ok([0, 3].includes(ran.status), ran.stderr);
  return file;
}

test("the validator can find faults", () => {
  const file = write("bad.sarif", ["examples/small-company"]);
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('"level":"error"', '"level":"dreadful"'));
  assert.match(faults(file).join(), /level must be equal to one of the allowed values/);
  writeFileSync(file, text.replaceAll(/"startLine":\d+,?/g, "").replaceAll(/"startColumn":\d+/g, ""));
  assert.match(faults(file).join(), /SARIF2017/);
});

for (const lang of ["en", "ja"]) {
  test(`what we write is sound: ${lang}`, () => {
    assert.deepEqual(faults(write(`a-${lang}.sarif`, ["examples/small-company", "--lang", lang, "--all"])), []);
  });
}

test("it is sound with a baseline, with suppressions, and from standard input", () => {
  const old = write("old.json", ["examples/small-company", "--ignore", "NET001"]);
  const config = join(folder, "sekimori.toml");
  writeFileSync(config, "[[suppress]]\ncode = 'NET004'\nreason = 'moving'\nuntil = 2027-01-01\n[[suppress]]\ncode = 'ACC'\nreason = 'x'\nuntil = 2026-01-01\n");
  assert.deepEqual(faults(write("b.sarif", ["examples/small-company", "--baseline", old, "--config", config])), []);
  const vms = readFileSync(new URL("../../examples/small-company/vms.json", import.meta.url), "utf8");
  assert.deepEqual(faults(write("c.sarif", ["-"], vms.replaceAll("app1", "a[1](x){0}"))), []);
});

test("an estate without findings and input that cannot be read are sound, too", () => {
  assert.deepEqual(faults(write("d.sarif", ["-"], '[{"id":"/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/v"},{"a":1}]')), []);
});
