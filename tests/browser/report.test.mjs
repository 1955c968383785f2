// The HTML report as people use it: both languages, light and dark, phone and paper, keyboard, hostile names.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessibility, folder, open, pdfText, sekimori, start } from "./browser.mjs";

const shots = process.env.SCREENSHOTS;
if (shots) mkdirSync(shots, { recursive: true });
let browser;
before(async () => {
  browser = await start();
});
after(async () => {
  await browser?.close();
});


// What is counted here stands still when a check is added.
const SOME = "ACC001,ACC002,NET001,NET002,NET003,NET004,NET005,NET006,NET007,NET008";

function report(name, ...args) {
  const file = join(folder, name);
  const ran = sekimori(["check", "examples/small-company", "--select", SOME, "-o", file, "--fail-on", "never", ...args]);
  assert.equal(ran.status, 0, ran.stderr);
  return file;
}

async function shot(page, name) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

for (const lang of ["en", "ja"]) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, viewport] of [["desk", { width: 1280, height: 900 }], ["phone", { width: 390, height: 844 }]]) {
      test(`the page is sound: ${lang}, ${colorScheme}, ${device}`, async () => {
        const page = await open(browser, report(`r-${lang}.html`, "--lang", lang), { colorScheme, viewport });
        assert.equal(await page.getAttribute("html", "lang"), lang);
        assert.equal(await page.locator("#list > details").count(), 13);
        await shot(page, `report-${lang}-${colorScheme}-${device}`);
        // Everything open, so that all of it is looked at.
        await page.evaluate(() => document.querySelectorAll("#list details").forEach((item) => (item.open = true)));
        await page.waitForFunction(() => document.querySelectorAll("#list .body").length === 13);
        assert.deepEqual(await accessibility(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `the page is ${wide} pixels wider than the screen`);
        assert.deepEqual(page.faults, []);
        await page.context().close();
      });
    }
  }
}

for (const lang of ["en", "ja"]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the page of who gets in is sound: ${lang}, ${colorScheme}`, async () => {
      const file = join(folder, `who-${lang}.html`);
      const ran = sekimori(["who", "examples/sign-in", "--all", "--no-mfa-trusted-ips", "--lang", lang, "-o", file]);
      assert.equal(ran.status, 3, ran.stderr);
      for (const viewport of [{ width: 1280, height: 900 }, { width: 390, height: 844 }]) {
        const page = await open(browser, file, { colorScheme, viewport });
        assert.equal(await page.getAttribute("html", "lang"), lang);
        assert.equal(await page.locator("svg.reach").count(), 1);
        assert.ok((await page.locator("svg.reach g.target").count()) === 2, "both machines are drawn");
        assert.ok((await page.locator("svg.reach path.possible").count()) > 0, "what has to be taken first is dashed");
        assert.ok((await page.locator("td", { hasText: "kaede@contoso.example" }).count()) >= 2);
        assert.deepEqual(await accessibility(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(wide <= 0, `the page is ${wide} pixels wider than the screen`);
        assert.deepEqual(page.faults, []);
        await shot(page, `who-${lang}-${colorScheme}-${viewport.width}`);
        await page.context().close();
      }
    });
  }
}

test("a way in is drawn with its deciding rule and its width", async () => {
  const page = await open(browser, report("r.html"));
  const item = page.locator("#list > details", { hasText: "RDP (TCP 3389) of app1" });
  if (!(await item.evaluate((details) => details.open))) await item.locator("summary").click();
  await item.locator(".body").waitFor();
  const steps = await item.locator("ol.way").first().locator("li").allInnerTexts();
  const flat = steps.map((text) => text.replace(/\s+/g, " ").trim());
  assert.deepEqual(flat, [
    "internet 3,702,259,456 addresses 0.0.0.0/0",
    "public IP pip-app1 20.210.10.5",
    "subnet group nsg-remote allow-rdp (300)",
    "NIC group none",
    "NIC app1-nic",
    "VM app1 TCP 3389",
  ]);
  const thick = (locator) => locator.evaluate((way) => parseFloat(way.style.getPropertyValue("--thick")));
  const all = await thick(item.locator("ol.way").first());
  const narrow = page.locator("#list > details", { hasText: "branch1" }).first();
  await narrow.locator("summary").click();
  await narrow.locator(".body").waitFor();
  assert.ok((await thick(narrow.locator("ol.way").first())) < all, "256 addresses are drawn as wide as the internet");
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test("the IPv6 internet is drawn as wide as the other", async () => {
  const group = "/subscriptions/s/resourceGroups/rg/providers";
  const rule = { name: "six", properties: { priority: 100, direction: "Inbound", access: "Allow", protocol: "Tcp", sourceAddressPrefix: "::/0", sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "22" } };
  const estate = [
    { id: `${group}/Microsoft.Compute/virtualMachines/m`, properties: { networkProfile: { networkInterfaces: [{ id: `${group}/Microsoft.Network/networkInterfaces/n` }] } } },
    { id: `${group}/Microsoft.Network/networkSecurityGroups/g`, properties: { securityRules: [rule] } },
    { id: `${group}/Microsoft.Network/publicIPAddresses/p`, sku: { name: "Standard" }, properties: { ipAddress: "2603::1", publicIPAddressVersion: "IPv6" } },
    { id: `${group}/Microsoft.Network/virtualNetworks/v`, properties: { addressSpace: { addressPrefixes: ["10.0.0.0/16", "fd00::/48"] }, subnets: [{ name: "s", id: `${group}/Microsoft.Network/virtualNetworks/v/subnets/s`, properties: { addressPrefixes: ["10.0.0.0/24", "fd00::/64"] } }] } },
    { id: `${group}/Microsoft.Network/networkInterfaces/n`, properties: { networkSecurityGroup: { id: `${group}/Microsoft.Network/networkSecurityGroups/g` }, virtualMachine: { id: `${group}/Microsoft.Compute/virtualMachines/m` }, ipConfigurations: [{ name: "c", properties: { privateIPAddress: "fd00::4", privateIPAddressVersion: "IPv6", publicIPAddress: { id: `${group}/Microsoft.Network/publicIPAddresses/p` }, subnet: { id: `${group}/Microsoft.Network/virtualNetworks/v/subnets/s` } } }] } },
  ];
  const file = join(folder, "six.html");
  const ran = sekimori(["check", "-", "--select", "NET001", "-o", file, "--fail-on", "never"], JSON.stringify(estate));
  assert.equal(ran.status, 0, ran.stderr);
  const page = await open(browser, file);
  await page.locator("ol.way").first().waitFor();
  assert.equal(await page.locator("ol.way").first().evaluate((way) => way.style.getPropertyValue("--thick")), "12.0px");
  assert.equal(await page.locator("#status").innerText(), "1 of 1 root cause (1 finding)");
  await page.context().close();
});

test("search, filters and views find what they should", async () => {
  const page = await open(browser, report("r.html"));
  const shown = () => page.locator("#list > details").count();
  const status = () => page.locator("#status").innerText();
  assert.equal(await status(), "13 of 13 root causes (33 findings)");
  await page.fill("#search", "ＮＳＧ-remote app2");
  await page.waitForFunction(() => document.getElementById("status").innerText.startsWith("1 of"));
  assert.equal(await shown(), 1);
  await page.fill("#search", "no such thing");
  await page.waitForFunction(() => document.getElementById("status").innerText === "0 of 13 root causes (0 findings) · filtered by: no such thing");
  assert.equal(await shown(), 0);
  await page.getByRole("button", { name: "Reset" }).click();
  assert.equal(await shown(), 13);
  await page.getByLabel(/^critical/).uncheck();
  assert.ok(!(await page.locator("#list > details > summary").allInnerTexts()).some((text) => text.startsWith("critical")));
  await page.getByRole("button", { name: "Reset" }).click();
  await page.selectOption("#check", "NET003");
  assert.equal(await status(), "2 of 13 root causes (2 findings) · filtered by: NET003");
  assert.match(page.url(), /#check=NET003$/);
  await page.selectOption("#check", "");
  await page.getByLabel("By resource").check();
  const { findings } = JSON.parse(sekimori(["check", "examples/small-company", "--select", SOME, "--format", "json"]).stdout);
  const resources = new Set(findings.map((finding) => finding.resource)).size;
  assert.equal(await status(), `${resources} of ${resources} resources (${findings.length} findings)`);
  await page.locator("#list > details", { hasText: "old1" }).locator("summary").first().click();
  await page.locator("#list > details[open] .item").nth(3).waitFor();
  await page.getByLabel("By checkpoint").check();
  assert.equal(await shown(), 5);
  assert.deepEqual(page.faults, []);
  // What is in the address opens again.
  const again = await open(browser, join(folder, "r.html"));
  await again.evaluate(() => (location.hash = "view=vm&severity=3"));
  await again.waitForFunction(() => /resources/.test(document.getElementById("status").innerText));
  assert.equal(await again.getByLabel("By resource").isChecked(), true);
  assert.equal(await again.getByLabel(/^low/).isChecked(), false);
  await again.getByLabel(/^critical/).uncheck();
  await again.reload();
  assert.match(await again.locator("#status").innerText(), /^0 of .* · filtered by: –$/);
  await page.context().close();
  await again.context().close();
});

test("everything can be done with the keyboard", async () => {
  const page = await open(browser, report("r.html"));
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.getByLabel("By resource").check();
  await page.locator(".skip").focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash === "#found");
  assert.match(await page.locator("#status").innerText(), /resources/, "a jump changes no view");
  await page.getByLabel("By root cause").check();
  await page.locator("#found").focus();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.name), "view");
  await page.keyboard.press("ArrowRight");
  assert.match(await page.locator("#status").innerText(), /resources/);
  await page.locator("#list > details > summary").first().focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#list > details[open]").count(), 1);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test("paper shows every root cause, opened", async () => {
  for (const lang of ["en", "ja"]) {
    const page = await open(browser, report(`p-${lang}.html`, "--lang", lang), { colorScheme: "dark" });
    const file = join(shots || folder, `report-${lang}.pdf`);
    writeFileSync(file, await page.pdf({ format: "A4", printBackground: true }));
    const text = pdfText(file);
    for (const word of ["pip-app1", "nsg-remote", "20.210.10.9", "az network nsg rule update", "NET007", "allow-ssh-provider"]) {
      assert.ok(text.replace(/\s+/g, "").includes(word.replace(/\s+/g, "")), `${word} is not on paper`);
    }
    for (const view of ["vm", "checkpoint"]) {
      await page.evaluate((view) => (location.hash = `view=${view}`), view);
      await page.waitForFunction((view) => document.querySelector(`input[value=${view}]`).checked, view);
      writeFileSync(file, await page.pdf({ format: "A4" }));
      const text = pdfText(file).replace(/\s+/g, "");
      for (const word of ["pip-app1", "aznetworknsgruleupdate"]) assert.ok(text.includes(word), `${view}: ${word}`);
    }
    assert.deepEqual(page.faults, []);
    await page.context().close();
  }
});

test("without scripts the root causes are still told", async () => {
  const page = await open(browser, report("r.html"), { javaScriptEnabled: false });
  assert.match(await page.locator("noscript").innerText(), /RDP \(TCP 3389\) of app1 is open/);
  await page.context().close();
});

test("names from outside never act", async () => {
  const evil = `<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e\u001b[31m&quot;`;
  const resources = JSON.parse(readFileSync(new URL("../../examples/small-company/vms.json", import.meta.url)));
  const text = JSON.stringify([
    ...resources,
    ...["nics", "nsgs", "public-ips", "vnets"].flatMap((name) =>
      JSON.parse(readFileSync(new URL(`../../examples/small-company/${name}.json`, import.meta.url)))),
  ]).replaceAll("app1", JSON.stringify(evil.replaceAll("/", "\\")).slice(1, -1)).replaceAll("allow-rdp", JSON.stringify(evil.replaceAll("/", "\\")).slice(1, -1));
  const file = join(folder, "evil.html");
  const ran = sekimori(["check", "-", "-o", file, "--fail-on", "never"], text);
  assert.ok([0, 3].includes(ran.status), ran.stderr);
  const page = await open(browser, file);
  await page.evaluate(() => document.querySelectorAll("#list details").forEach((item) => (item.open = true)));
  await page.waitForTimeout(200);
  assert.match(await page.locator("#list").innerText(), /<img src=x onerror=alert\(1\)>/);
  assert.equal(await page.locator("img").count(), 0);
  assert.ok(!readFileSync(file, "utf8").includes("\u202e"));
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test("what is new is told apart", async () => {
  const old = join(folder, "old.json");
  sekimori(["check", "examples/small-company", "--select", SOME, "--ignore", "NET001", "-o", old]);
  const page = await open(browser, report("new.html", "--baseline", old));
  await page.getByLabel("New ones only").check();
  assert.equal(await page.locator("#status").innerText(), "3 of 13 root causes (5 findings) · filtered by: New ones only");
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test("a hundred thousand findings open", { timeout: 240_000, skip: !process.env.LARGE && "set LARGE to a large report" }, async () => {
  const page = await open(browser, process.env.LARGE);
  const all = (await page.locator("#status").innerText()).replaceAll(",", "");
  assert.ok(Number(/(\d+) findings/.exec(all)[1]) >= 100_000, all);
  assert.equal(await page.locator("#list > details").count(), 50);
  await page.fill("#search", "vm-000050");
  await page.waitForFunction(() => / of /.test(document.getElementById("status").innerText) && document.querySelectorAll("#list > details").length < 50);
  await page.getByLabel("By resource").check();
  assert.ok((await page.locator("#list > details").count()) >= 1);
  assert.deepEqual(page.faults, []);
  console.log(`# ${all}; ${(statSync(process.env.LARGE).size / 1e6).toFixed(1)} MB`);
  await page.context().close();
});
