//! The answer as a picture: from left to right the beginning, what leads in, machines on the way, the VM.

use std::fmt::Write;

use posture::Lang;

use super::{Reached, name_of};
use crate::picture::{Graph, Kind, svg};
use crate::words::pick;

/// How many boxes of machines a picture shows.
const MACHINES: usize = 40;

fn graph(reached: &Reached, lang: Lang) -> Graph {
    let mut graph = Graph::default();
    let address = reached.addresses.iter().filter_map(|address| address.address.clone()).collect::<Vec<_>>();
    let target = graph.node(&reached.to, Kind::Target, reached.name.clone(), address.join(", "));
    for way in reached.addresses.iter().flat_map(|address| &address.ways) {
        let start = graph.node(way.start, Kind::Start, name_of(way.start, lang), String::new());
        let certain = way.rows.iter().any(|row| row.certain);
        let mut at = start;
        if let Some(via) = &way.via {
            let ip = graph.node(via, Kind::Way, way.via_name.clone(), String::new());
            graph.edge(at, ip, "", certain);
            at = ip;
        }
        if let Some(through) = &way.through {
            let key = format!("{} {}", through.resource, through.rule);
            let ports = format!("{} → {}", through.frontend_port, through.backend_port);
            let title = format!("{} / {}", name_of(&through.resource, lang), crate::clean(&through.rule));
            let forwarder = graph.node(&key, Kind::Way, title, ports);
            graph.edge(at, forwarder, "", certain);
            at = forwarder;
        }
        for row in &way.rows {
            graph.edge(at, target, &row.what(lang), row.certain);
        }
    }
    for path in reached.paths.iter().take(MACHINES) {
        for hop in &path.hops {
            let is_vm = hop.from.contains("/providers/");
            let kind = if is_vm { Kind::Machine } else { Kind::Start };
            let from = graph.node(&hop.from, kind, name_of(&hop.from, lang), String::new());
            let alike = match hop.alike {
                0 => String::new(),
                more => pick(lang, format!("and {more} like it"), format!("同様のもの ほか {more} 件")),
            };
            let kind = if hop.to == reached.to { Kind::Target } else { Kind::Machine };
            let to = graph.node(&hop.to, kind, name_of(&hop.to, lang), alike);
            let port = hop.packet.to.rsplit(':').next().unwrap_or_default();
            graph.edge(
                from,
                to,
                &format!("{} {port}", hop.packet.protocol.to_ascii_uppercase()),
                hop.certain,
            );
        }
    }
    graph.lay_out();
    graph
}

/// The answer in the DOT language of Graphviz.
pub fn to_dot(reached: &Reached, lang: Lang) -> String {
    let graph = graph(reached, lang);
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut out = String::from(
        "digraph reach {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
    );
    for (at, node) in graph.nodes.iter().enumerate() {
        let label = match node.detail.is_empty() {
            true => quoted(&node.title),
            // Graphviz breaks lines at `\n`, which is ours and not the name's.
            false => {
                let two = format!("{}\u{1}{}", node.title, node.detail);
                quoted(&two).replace('\u{1}', "\\n")
            }
        };
        let more = match node.kind {
            Kind::Start => ", shape=ellipse",
            Kind::Target => ", penwidth=2",
            Kind::Way | Kind::Machine => "",
        };
        let _ = writeln!(out, "  n{at} [label={label}{more}];");
    }
    for edge in &graph.edges {
        let dashed = if edge.certain { "" } else { ", style=dashed" };
        let _ = writeln!(out, "  n{} -> n{} [label={}{dashed}];", edge.from, edge.to, quoted(&edge.label));
    }
    out.push_str("}\n");
    out
}

/// The answer as a picture of its own.
pub fn to_svg(reached: &Reached, lang: Lang) -> String {
    draw(reached, lang, true)
}

/// The picture; `alone` is one that carries its style itself.
pub(super) fn draw(reached: &Reached, lang: Lang, alone: bool) -> String {
    let title = pick(lang, format!("Who reaches {}", reached.name), format!("{} への到達経路", reached.name));
    svg(&graph(reached, lang), &title, alone)
}
