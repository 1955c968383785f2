//! Pictures: boxes from left to right, and arrows between them.

use std::collections::BTreeMap;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::html::escape;

/// What a box stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Where it begins.
    Start,
    /// What lies on the way.
    Way,
    /// A machine on the way.
    Machine,
    /// Where it ends.
    Target,
}

/// A box.
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) detail: String,
    column: usize,
}

/// An arrow.
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) label: String,
    pub(crate) certain: bool,
}

/// Boxes and arrows.
#[derive(Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
    index: BTreeMap<String, usize>,
}

impl Graph {
    /// The number of a box, which is made where there is none of the key.
    pub(crate) fn node(&mut self, key: &str, kind: Kind, title: String, detail: String) -> usize {
        if let Some(at) = self.index.get(key) {
            return *at;
        }
        let at = self.nodes.len();
        self.nodes.push(Node { kind, title, detail, column: 0 });
        self.index.insert(key.to_owned(), at);
        at
    }

    /// An arrow; a second one between the same boxes adds its label.
    pub(crate) fn edge(&mut self, from: usize, to: usize, label: &str, certain: bool) {
        if let Some(edge) = self.edges.iter_mut().find(|edge| edge.from == from && edge.to == to) {
            edge.certain |= certain;
            if !label.is_empty() && !edge.label.split(", ").any(|one| one == label) {
                edge.label =
                    if edge.label.is_empty() { label.to_owned() } else { format!("{}, {label}", edge.label) };
            }
            return;
        }
        self.edges.push(Edge { from, to, label: label.to_owned(), certain });
    }

    /// Each box stands right of all that lead to it. Steps back do not move it.
    pub(crate) fn lay_out(&mut self) {
        for _ in 0..self.nodes.len() {
            let mut moved = false;
            for edge in &self.edges {
                let Some(from) = self.nodes.get(edge.from).map(|node| node.column) else { continue };
                if let Some(to) = self.nodes.get_mut(edge.to)
                    && to.column <= from
                    && from < 64
                {
                    to.column = from + 1;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
        // What nothing leads to stands with the others of its kind.
        let last = self.nodes.iter().map(|node| node.column).max().unwrap_or(0);
        for (at, node) in self.nodes.iter_mut().enumerate().filter(|(_, node)| node.kind == Kind::Target) {
            if self.edges.iter().all(|edge| edge.to != at) {
                node.column = last;
            }
        }
    }
}

/// The style of the picture, which follows the reader's choice of light or dark.
pub(crate) const STYLE: &str = "\
svg.reach { --ink: #1c2128; --paper: #ffffff; --dim: #57606a; --line: #8c959f; --tone: #a40e26; \
font: 14px system-ui, 'Segoe UI', 'Hiragino Sans', 'Noto Sans CJK JP', sans-serif; }\n\
@media (prefers-color-scheme: dark) { svg.reach { --ink: #e6edf3; --paper: #161b22; --dim: #9da7b3; --line: #8b949e; --tone: #ff8f8a; } }\n\
svg.reach .ground { fill: var(--paper); }\n\
svg.reach rect.box { fill: var(--paper); stroke: var(--line); stroke-width: 1.5; }\n\
svg.reach .start rect.box, svg.reach .target rect.box { stroke: var(--tone); stroke-width: 2; }\n\
svg.reach text { fill: var(--ink); }\n\
svg.reach text.detail { fill: var(--dim); font-size: 12px; }\n\
svg.reach text.label { font-size: 12px; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }\n\
svg.reach path.edge { fill: none; stroke: var(--tone); stroke-width: 2; }\n\
svg.reach path.possible { stroke-dasharray: 6 4; }\n\
svg.reach marker path { fill: var(--tone); }\n";

const BOX_HEIGHT: usize = 48;
const ROW: usize = 76;
const GAP: usize = 190;

/// The picture; `alone` is one that carries its style itself.
pub(crate) fn svg(graph: &Graph, title: &str, alone: bool) -> String {
    let columns = graph.nodes.iter().map(|node| node.column + 1).max().unwrap_or(1);
    let wide = |text: &str, each: usize| text.width() * each;
    let mut widths = vec![120usize; columns];
    let mut heights = vec![0usize; columns];
    let mut rows = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let need = wide(&shortened(&node.title), 8).max(wide(&shortened(&node.detail), 7)) + 28;
        if let Some(width) = widths.get_mut(node.column) {
            *width = (*width).max(need);
        }
        let row = heights.get_mut(node.column).map_or(0, |height| {
            *height += 1;
            *height - 1
        });
        rows.push(row);
    }
    let mut lefts = Vec::with_capacity(columns);
    let mut x = 20;
    for width in &widths {
        lefts.push(x);
        x += width + GAP;
    }
    let total_width = x - GAP + 20;
    let tallest = heights.iter().copied().max().unwrap_or(1).max(1);
    let total_height = tallest * ROW + 20;
    let at = |index: usize| -> Option<(usize, usize, usize)> {
        let node = graph.nodes.get(index)?;
        let own = heights.get(node.column).copied().unwrap_or(1).max(1);
        // Short columns stand in the middle.
        let top = 10 + (tallest - own) * ROW / 2 + rows.get(index)? * ROW + (ROW - BOX_HEIGHT) / 2;
        Some((*lefts.get(node.column)?, top, *widths.get(node.column)?))
    };
    let mut out = format!(
        "<svg class=\"reach\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {total_width} {total_height}\" \
         width=\"{total_width}\" height=\"{total_height}\" role=\"img\" aria-label=\"{}\">\n",
        escape(title)
    );
    if alone {
        let _ = write!(out, "<title>{}</title>\n<style>{STYLE}</style>\n", escape(title));
        let _ = writeln!(out, "<rect class=\"ground\" width=\"{total_width}\" height=\"{total_height}\"/>");
    }
    out.push_str(
        "<defs><marker id=\"tip\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto-start-reverse\"><path d=\"M0 0L10 5L0 10z\"/></marker></defs>\n",
    );
    let mut labels = String::new();
    for edge in &graph.edges {
        let (Some((x1, y1, w1)), Some((x2, y2, _))) = (at(edge.from), at(edge.to)) else { continue };
        let (sx, sy) = (x1 + w1, y1 + BOX_HEIGHT / 2);
        let (tx, ty) = (x2, y2 + BOX_HEIGHT / 2);
        let middle = usize::midpoint(sx, tx);
        let possible = if edge.certain { "" } else { " possible" };
        let _ = writeln!(
            out,
            "<path class=\"edge{possible}\" marker-end=\"url(#tip)\" d=\"M{sx} {sy}C{middle} {sy} {middle} {ty} {tx} {ty}\"/>"
        );
        if !edge.label.is_empty() {
            // Where the fewest edges meet: near the box that has fewer of them.
            let leaving = graph.edges.iter().filter(|other| other.from == edge.from).count();
            let arriving = graph.edges.iter().filter(|other| other.to == edge.to).count();
            let (x, y) = along(if leaving > arriving { 3 } else { 1 }, [sx, middle, tx], [sy, ty]);
            let _ = writeln!(
                labels,
                "<text class=\"label\" text-anchor=\"middle\" x=\"{x}\" y=\"{}\">{}</text>",
                y.saturating_sub(6),
                escape(&shortened_to(&edge.label, 26))
            );
        }
    }
    for (index, node) in graph.nodes.iter().enumerate() {
        let Some((x, y, width)) = at(index) else { continue };
        let class = match node.kind {
            Kind::Start => "start",
            Kind::Way => "way",
            Kind::Machine => "machine",
            Kind::Target => "target",
        };
        let round = if node.kind == Kind::Start { BOX_HEIGHT / 2 } else { 8 };
        let middle = x + width / 2;
        let first = if node.detail.is_empty() { y + 29 } else { y + 21 };
        let _ = write!(
            out,
            "<g class=\"{class}\"><title>{}</title><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" \
             rx=\"{round}\"/><text text-anchor=\"middle\" x=\"{middle}\" y=\"{first}\">{}</text>",
            escape(&node.title),
            escape(&shortened(&node.title))
        );
        if !node.detail.is_empty() {
            let _ = write!(
                out,
                "<text class=\"detail\" text-anchor=\"middle\" x=\"{middle}\" y=\"{}\">{}</text>",
                y + 38,
                escape(&shortened(&node.detail))
            );
        }
        out.push_str("</g>\n");
    }
    out.push_str(&labels);
    out.push_str("</svg>\n");
    out
}

/// The point of an edge's curve after so many quarters of it.
fn along(quarters: usize, [sx, middle, tx]: [usize; 3], [sy, ty]: [usize; 2]) -> (usize, usize) {
    // Bézier's weights of the four points, in 64ths.
    let [a, b, c, d] = if quarters == 1 { [27, 27, 9, 1] } else { [1, 9, 27, 27] };
    let x = (a * sx + (b + c) * middle + d * tx) / 64;
    let y = ((a + b) * sy + (c + d) * ty) / 64;
    (x, y)
}

/// A text that fits into a box.
fn shortened(text: &str) -> String {
    shortened_to(text, 38)
}

fn shortened_to(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if short.width() + 1 >= most {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}
