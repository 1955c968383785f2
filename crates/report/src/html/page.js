"use strict";
// Shows the findings of the page's data. Every text goes in as text: nothing here makes markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { words, texts } = data;
  const PAGE = 50;
  const PRINTED = 300;
  const number = new Intl.NumberFormat(data.lang);

  /** An element with attributes and children; children that are text stay text. */
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== undefined && child !== ""));
    return element;
  }

  /** A sentence in which names stand between backticks. */
  function prose(text) {
    const parts = text.split("`");
    // A name that holds a backtick: then nobody can tell which parts are names.
    if (parts.length % 2 === 0) return [text];
    return parts.map((part, index) => (index % 2 === 0 ? part : make("code", {}, part)));
  }

  const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => number.format(values[name]));

  // Rows know their block and check; what they are searched by is made when somebody searches.
  const rows = [];
  data.blocks.forEach((block, index) => {
    for (const row of block.rows) {
      row.block = index;
      rows.push(row);
    }
  });
  const nameOf = (id) => id.slice(id.lastIndexOf("/") + 1) || id;
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  function haystack(row) {
    if (row.found === undefined) {
      const check = data.checks[row.c];
      const parts = [texts[row.r], row.m, row.i, check.code, check.slug, check.title, row.p || ""];
      for (const way of row.w || []) {
        for (const [name, detail] of way.s) parts.push(texts[name], texts[detail]);
        parts.push(texts[way.f], way.o);
      }
      row.found = fold(parts.join("\n"));
    }
    return row.found;
  }

  // State lives in the address, so that a view can be sent to somebody.
  const state = { view: "cause", query: "", severities: new Set([0, 1, 2, 3]), check: "", fresh: false, shown: PAGE };
  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    if (["cause", "vm", "checkpoint"].includes(given.get("view"))) state.view = given.get("view");
    state.query = given.get("q") || "";
    if (given.has("severity")) {
      state.severities = new Set(given.get("severity").split("").filter((s) => "0123".includes(s)).map(Number));
    }
    if (data.checks.some((check) => check.code === given.get("check"))) state.check = given.get("check");
    state.fresh = data.compared && given.has("new");
  }
  function writeAddress() {
    const given = new URLSearchParams();
    if (state.view !== "cause") given.set("view", state.view);
    if (state.query) given.set("q", state.query);
    if (state.severities.size < 4) given.set("severity", [...state.severities].sort().join(""));
    if (state.check) given.set("check", state.check);
    if (state.fresh) given.set("new", "1");
    const text = given.toString();
    try {
      history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
    } catch {
      // Some viewers show the page without an address of its own.
    }
  }

  function matching() {
    const terms = fold(state.query).split(/\s+/).filter(Boolean);
    return rows.filter(
      (row) =>
        state.severities.has(row.s) &&
        (!state.check || data.checks[row.c].code === state.check) &&
        (!state.fresh || row.n) &&
        terms.every((term) => haystack(row).includes(term)),
    );
  }

  const ICONS = {
    internet: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18"],
    ip: ["M12 21s-6-6-6-11a6 6 0 0 1 12 0c0 5-6 11-6 11z", "M12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z"],
    forwarder: ["M4 12h6M10 12l6-6h4M10 12l6 6h4", "M18 3l3 3-3 3M18 15l3 3-3 3"],
    group: ["M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z", "M8 12l3 3 5-6"],
    none: ["M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z", "M4 4l16 16"],
    nic: ["M3 6h18v12H3z", "M7 18v-5h10v5M9 13v-3h6v3"],
    vm: ["M3 4h18v12H3z", "M8 20h8M12 16v4"],
  };
  function icon(kind) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    for (const shape of ICONS[kind]) {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", shape);
      svg.append(path);
    }
    return svg;
  }

  /** The picture of a way in. The arrow from the internet is as wide as its addresses are many. */
  function picture(row, way) {
    const [ip, forwarder, admin, subnet, nicGroup, nic, vm] = way.s.map(([name, detail]) => [texts[name], texts[detail]]);
    const addresses =
      way.a === 0 ? "" : way.a === 1 ? words.address : say(words.addresses, { n: way.a });
    const group = (label, [name, detail]) =>
      name ? ["group", label, name, detail] : ["none", label, words.noGroup, ""];
    const steps = [
      ["internet", words.internet, addresses || texts[way.f], addresses ? texts[way.f] : ""],
      ["ip", words.publicIp, ...ip],
      ...(forwarder[0] ? [["forwarder", words.forwarder, ...forwarder]] : []),
      ...(admin[0] ? [["group", words.admin, ...admin]] : []),
      group(words.subnetGroup, subnet),
      group(words.nicGroup, nicGroup),
      ["nic", "NIC", nic[0], ""],
      ["vm", "VM", vm[0], way.o],
    ];
    const list = make("ol", { class: `way s${row.s}`, "aria-label": words.way });
    // IPv6 sources are not counted: more than a household's network is told, and drawn as half the width.
    const part = way.e ? 1 : way.a === 0 ? 0.5 : Math.log2(way.a + 1) / 32;
    list.style.setProperty("--thick", `${(2 + 10 * part).toFixed(1)}px`);
    for (const [kind, label, name, detail] of steps) {
      list.append(
        make(
          "li",
          { class: kind },
          icon(kind),
          make("span", { class: "label" }, label),
          make("b", {}, name),
          detail ? make("span", { class: "detail" }, detail) : "",
        ),
      );
    }
    return list;
  }

  const badge = (severity) => make("span", { class: `badge s${severity}` }, data.severities[severity]);
  const fresh = (row) => (row.n ? make("span", { class: "fresh" }, words.new) : "");

  /** Sentences as text, commands to be copied. */
  function fix(text) {
    const parts = [];
    for (const line of text.split("\n")) {
      if (!line.startsWith("  ")) {
        if (line) parts.push(make("p", {}, ...prose(line)));
        continue;
      }
      const command = line.trim();
      const code = make("code", { tabindex: "0" }, command);
      const button = make("button", { type: "button", class: "copy" }, words.copy);
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(command);
          button.textContent = words.copied;
        } catch {
          getSelection().selectAllChildren(code);
          button.textContent = words.selected;
        }
      });
      parts.push(make("div", { class: "command" }, code, button));
    }
    return parts;
  }

  function fact(list, label, ...value) {
    list.append(make("div", {}, make("dt", {}, label), make("dd", {}, ...value)));
  }

  /** Everything about one finding. */
  function about(row) {
    const facts = make("dl", { class: "facts" });
    const pictures = [];
    for (const way of row.w || []) {
      pictures.push(picture(row, way));
      if (way.t) fact(facts, words.proof, make("code", {}, way.t));
    }
    if (row.x) pictures.push(make("p", { class: "dim" }, say(words.moreWays, { n: row.x })));
    for (const [label, value] of row.f || []) fact(facts, label, make("code", {}, value));
    if (row.p) fact(facts, words.position, make("code", {}, row.p));
    fact(facts, "ID", make("code", {}, row.i));
    fact(facts, "Azure", make("code", {}, texts[row.r]));
    return [...pictures, facts];
  }

  function advice(row, withFix) {
    const check = data.checks[row.c];
    const block = data.blocks[row.block];
    const parts = [];
    if (withFix && block.fix) parts.push(make("p", { class: "h" }, words.fix), ...fix(block.fix));
    parts.push(make("p", { class: "h" }, words.why), make("p", {}, check.why));
    return parts;
  }

  /** A list of which a part is shown at first. */
  function cut(items, first, show) {
    const list = make("ul", { class: "names" });
    const add = (from, to) => list.append(...items.slice(from, to).map((item) => make("li", {}, show(item))));
    add(0, first);
    const parts = [list];
    if (items.length > first) {
      const button = make("button", { type: "button" }, say(words.moreResources, { n: items.length - first }));
      button.addEventListener("click", () => {
        add(first, items.length);
        button.remove();
      });
      parts.push(button);
    }
    return parts;
  }

  /** Something that opens: what is in it is made when it is opened. */
  function opening(heading, severity, title, body) {
    const details = make("details", { class: `item s${severity}` });
    details.append(make("summary", {}, make(heading, {}, ...title)));
    let made = false;
    details.fill = () => {
      if (made) return;
      made = true;
      details.append(make("div", { class: "body" }, ...body()));
    };
    details.addEventListener("toggle", () => details.open && details.fill());
    return details;
  }

  const counted = (count) => (count === 1 ? words.finding : say(words.findings, { n: count }));

  function finding(row, heading) {
    const title = [badge(row.s), make("span", { class: "code" }, data.checks[row.c].code), fresh(row), make("span", {}, ...prose(row.m))];
    return opening(heading, row.s, title, () => [...about(row), ...advice(row, true)]);
  }

  /** A root cause, headed by the worst of its findings that was looked for. */
  function cause(block, found) {
    const row = found[0];
    const freshest = found.find((other) => other.n) || row;
    const count = found.length > 1 ? make("span", { class: "count" }, counted(found.length)) : "";
    const title = [
      badge(row.s),
      make("span", { class: "code" }, data.checks[row.c].code),
      fresh(freshest),
      make("span", {}, ...prose(row.m)),
      count,
    ];
    return opening("h3", row.s, title, () => {
      const parts = about(row);
      const others = [...grouped(block.rows, (other) => other.c)].filter(([check]) => check !== row.c);
      if (others.length > 0) {
        parts.push(make("p", { class: "h" }, words.alsoChecks));
        const list = make("ul", { class: "plain" });
        for (const [check, [other]] of others) {
          const code = make("span", { class: "code" }, data.checks[check].code);
          list.append(make("li", {}, badge(other.s), code, ...prose(other.m)));
        }
        parts.push(list);
      }
      const affected = [...new Set(block.rows.map((other) => other.r))];
      if (affected.length > 1) {
        parts.push(make("p", { class: "h" }, `${words.affected} (${number.format(affected.length)})`));
        parts.push(...cut(affected, 30, (resource) => make("span", { title: texts[resource] }, nameOf(texts[resource]))));
      }
      return [...parts, ...advice(row, true)];
    });
  }

  /** Groups rows by a key, in the order of the first of each. */
  function grouped(list, key) {
    const groups = new Map();
    for (const row of list) {
      const its = key(row);
      const group = groups.get(its);
      if (group) group.push(row);
      else groups.set(its, [row]);
    }
    return groups;
  }
  const worst = (list) => list.reduce((most, row) => Math.max(most, row.s), 0);

  /** The items of the chosen view, each made when it is shown, and how many there are in all. */
  function items(found) {
    if (state.view === "vm") {
      const groups = [...grouped(found, (row) => row.r)];
      groups.sort(([a, x], [b, y]) => worst(y) - worst(x) || y.length - x.length || (texts[a] < texts[b] ? -1 : 1));
      const all = new Set(rows.map((row) => row.r)).size;
      const make_ = ([resource, list]) => () => {
        const severity = worst(list);
        const title = [
          badge(severity),
          make("span", {}, nameOf(texts[resource])),
          make("span", { class: "count" }, counted(list.length)),
        ];
        return opening("h3", severity, title, () => [
          make("p", { class: "dim" }, make("code", {}, texts[resource])),
          ...list.map((row) => finding(row, "h4")),
        ]);
      };
      return { list: groups.map(make_), all, text: all === 1 ? words.resource : words.resources };
    }
    if (state.view === "checkpoint") {
      const groups = [...grouped(found, (row) => data.checks[row.c].checkpoint)];
      const all = new Set(rows.map((row) => data.checks[row.c].checkpoint)).size;
      groups.sort(([a], [b]) => a - b);
      const make_ = ([checkpoint, list]) => () => {
        const severity = worst(list);
        const title = [
          badge(severity),
          make("span", {}, data.checkpoints[checkpoint]),
          make("span", { class: "count" }, counted(list.length)),
        ];
        return opening("h3", severity, title, () => {
          const inner = make("div", {});
          let shown = 0;
          const button = make("button", { type: "button" });
          const more = () => {
            inner.append(...list.slice(shown, shown + PAGE).map((row) => finding(row, "h4")));
            shown = Math.min(shown + PAGE, list.length);
            button.textContent = say(words.more, { n: Math.min(PAGE, list.length - shown) });
            button.hidden = shown === list.length;
          };
          button.addEventListener("click", more);
          more();
          return [inner, button];
        });
      };
      return { list: groups.map(make_), all, text: all === 1 ? words.checkpoint : words.checkpoints };
    }
    const groups = [...grouped(found, (row) => row.block)];
    groups.sort(([a], [b]) => a - b);
    return {
      list: groups.map(([index, list]) => () => cause(data.blocks[index], list)),
      all: data.blocks.length,
      text: data.blocks.length === 1 ? words.cause : words.causes,
    };
  }

  const place = document.getElementById("list");
  const status = document.getElementById("status");
  let current = { list: [], all: 0, text: "" };
  let shown = 0;

  function show(count) {
    const from = shown;
    const made = current.list.slice(from, count).map((item) => item());
    place.querySelector(":scope > button")?.remove();
    place.append(...made);
    shown = Math.min(count, current.list.length);
    const left = current.list.length - shown;
    if (left > 0) {
      const button = make("button", { type: "button", class: "more" }, say(words.more, { n: Math.min(PAGE, left) }));
      button.addEventListener("click", () => show(shown + PAGE)?.querySelector("summary")?.focus());
      place.append(button);
    }
    return made[0];
  }

  function draw() {
    const found = matching();
    current = items(found);
    place.replaceChildren();
    shown = 0;
    if (rows.length === 0) {
      status.textContent = words.nothing;
      return;
    }
    // On paper nothing else tells that something was looked for.
    const filters = [];
    if (state.query) filters.push(state.query);
    if (state.check) filters.push(state.check);
    if (state.severities.size < 4) filters.push([...state.severities].sort().map((s) => data.severities[s]).join("/") || "–");
    if (state.fresh) filters.push(words.onlyNew);
    const counts = `${say(current.text, { n: current.list.length, all: current.all })} (${counted(found.length)})`;
    status.textContent = filters.length > 0 ? `${counts} · ${words.filtered}: ${filters.join(", ")}` : counts;
    const first = show(PAGE);
    // The worst way in is what people came to see.
    if (first && state.view === "cause") first.open = true;
    writeAddress();
  }

  function controls() {
    const form = make("form", { class: "controls", role: "search" });
    form.addEventListener("submit", (event) => event.preventDefault());

    const views = make("fieldset", { class: "views" }, make("legend", {}, words.by));
    for (const [view, text] of [["cause", words.byCause], ["vm", words.byVm], ["checkpoint", words.byCheckpoint]]) {
      const input = make("input", { type: "radio", name: "view", value: view });
      input.checked = state.view === view;
      input.addEventListener("change", () => {
        state.view = view;
        draw();
      });
      views.append(make("label", {}, input, make("span", {}, text)));
    }

    const search = make("input", { type: "search", id: "search", placeholder: words.searchHint, autocomplete: "off" });
    search.value = state.query;
    let waiting;
    search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        state.query = search.value;
        draw();
      }, 150);
    });

    const severities = make("fieldset", { class: "severities" }, make("legend", {}, words.severity));
    for (const severity of [3, 2, 1, 0]) {
      const count = rows.filter((row) => row.s === severity).length;
      const input = make("input", { type: "checkbox", value: String(severity) });
      input.checked = state.severities.has(severity);
      input.addEventListener("change", () => {
        if (input.checked) state.severities.add(severity);
        else state.severities.delete(severity);
        draw();
      });
      severities.append(
        make("label", { class: `s${severity}` }, input, make("span", {}, `${data.severities[severity]} ${number.format(count)}`)),
      );
    }

    const check = make("select", { id: "check" }, make("option", { value: "" }, words.allChecks));
    for (const its of data.checks) check.append(make("option", { value: its.code }, `${its.code} ${its.title}`));
    check.value = state.check;
    check.addEventListener("change", () => {
      state.check = check.value;
      draw();
    });

    form.append(
      views,
      make("div", { class: "field grow" }, make("label", { for: "search" }, words.search), search),
      make("div", { class: "field" }, make("label", { for: "check" }, words.check), check),
      severities,
    );
    if (data.compared) {
      const input = make("input", { type: "checkbox" });
      input.checked = state.fresh;
      input.addEventListener("change", () => {
        state.fresh = input.checked;
        draw();
      });
      form.append(make("label", { class: "only" }, input, make("span", {}, words.onlyNew)));
    }
    const reset = make("button", { type: "button" }, words.reset);
    reset.addEventListener("click", () => {
      Object.assign(state, { view: "cause", query: "", severities: new Set([0, 1, 2, 3]), check: "", fresh: false });
      controls();
      draw();
    });
    form.append(reset);
    document.getElementById("controls").replaceChildren(form);
  }

  // On paper nothing can be opened, and paper is finite: what is left out is said.
  addEventListener("beforeprint", () => {
    if (shown < PRINTED) show(PRINTED);
    let left = PRINTED;
    for (let closed; left > 0 && (closed = [...place.querySelectorAll("details:not([open])")]).length > 0; ) {
      for (const details of closed.slice(0, left)) {
        details.fill();
        details.open = true;
      }
      left -= closed.length;
    }
    place.querySelector(":scope > .printed")?.remove();
    const all = current.list.length;
    if (shown < all) place.append(make("p", { class: "printed" }, say(words.printed, { n: shown, all })));
  });

  addEventListener("hashchange", () => {
    // A jump within the page is no other view.
    if (!location.hash.includes("=")) return;
    Object.assign(state, { view: "cause", query: "", severities: new Set([0, 1, 2, 3]), check: "", fresh: false });
    readAddress();
    if (rows.length > 0) controls();
    draw();
  });

  readAddress();
  if (rows.length > 0) controls();
  draw();
})();
