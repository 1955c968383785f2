//! Changes of a text, as a unified diff.
//!
//! Source: <https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html>; quoted names as `git` writes them.

/// A change of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: String,
}

/// Lines before and after a change that are shown with it.
const CONTEXT: usize = 3;

/// Lines that change: their number before, the first of them counted from 0, and what they become.
struct Block<'t> {
    from: usize,
    to: usize,
    new: Vec<String>,
    old: Vec<&'t str>,
}

/// The text with changes that do not overlap in it; nothing where they do.
pub(super) fn changed(text: &str, changes: &[Change]) -> Option<String> {
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|change| (change.start, change.end));
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for change in changes {
        out += text.get(at..change.start)?;
        out += &change.text;
        at = change.end.max(change.start);
    }
    out += text.get(at..)?;
    Some(out)
}

/// The diff of changes that do not overlap; nothing where they do, or nothing changes.
pub(super) fn diff(name: &str, text: &str, mut changes: Vec<Change>) -> Option<String> {
    changes.sort_by_key(|change| (change.start, change.end));
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut starts = vec![0_usize];
    for line in &lines {
        starts.push(starts.last().copied().unwrap_or(0) + line.len());
    }
    // Behind a last line without an end there is no other line.
    let last_line = lines.len() - usize::from(lines.last().is_some_and(|line| !line.ends_with('\n')));
    let line_of = |at: usize| starts.partition_point(|start| *start <= at).saturating_sub(1).min(last_line);
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut rest = changes.as_slice();
    while let Some((first, _)) = rest.split_first() {
        let from = line_of(first.start);
        let mut to = from;
        let mut count = 0;
        for change in rest {
            if change.start > change.end || count > 0 && line_of(change.start) >= to {
                break;
            }
            // What ends at the front of a line does not touch it.
            let last = line_of(change.end.saturating_sub(usize::from(change.end > change.start)));
            to = to.max((last + 1).min(lines.len()));
            count += 1;
        }
        let (now, later) = rest.split_at_checked(count.max(1))?;
        let (mut at, mut new) = (*starts.get(from)?, String::new());
        for change in now {
            new += text.get(at..change.start)?;
            new += &change.text;
            at = change.end;
        }
        new += text.get(at..*starts.get(to)?)?;
        let old = lines.get(from..to)?.to_vec();
        blocks.push(Block { from, to, new: new.split_inclusive('\n').map(str::to_owned).collect(), old });
        rest = later;
    }
    blocks.iter_mut().for_each(Block::tighten);
    blocks.retain(|block| !block.old.is_empty() || !block.new.is_empty());
    if blocks.is_empty() {
        return None;
    }
    let mut out = format!("--- {}\n+++ {}\n", header("a/", name), header("b/", name));
    let mut shift = 0_isize;
    let mut rest = blocks.as_slice();
    while let Some((first, _)) = rest.split_first() {
        let mut count = 1;
        let mut last = first.to;
        while let Some(next) = rest.get(count) {
            if next.from > last + 2 * CONTEXT {
                break;
            }
            last = next.to;
            count += 1;
        }
        let (now, later) = rest.split_at_checked(count)?;
        hunk(&lines, now, &mut shift, &mut out)?;
        rest = later;
    }
    Some(out)
}

impl Block<'_> {
    /// Leaves out lines at both ends that stay.
    fn tighten(&mut self) {
        while self.old.first().is_some_and(|old| self.new.first().is_some_and(|new| new == old)) {
            self.old.remove(0);
            self.new.remove(0);
            self.from += 1;
        }
        while self.old.last().is_some_and(|old| self.new.last().is_some_and(|new| new == old)) {
            self.old.pop();
            self.new.pop();
            self.to -= 1;
        }
    }
}

fn hunk(lines: &[&str], blocks: &[Block<'_>], shift: &mut isize, out: &mut String) -> Option<()> {
    let from = blocks.first()?.from.saturating_sub(CONTEXT);
    let to = (blocks.last()?.to + CONTEXT).min(lines.len());
    let mut body = String::new();
    let mut put = |sign: char, line: &str| {
        body.push(sign);
        body += line;
        if !line.ends_with('\n') {
            body += "\n\\ No newline at end of file\n";
        }
    };
    let (mut at, mut grown) = (from, 0_isize);
    for block in blocks {
        lines.get(at..block.from)?.iter().for_each(|line| put(' ', line));
        block.old.iter().for_each(|line| put('-', line));
        block.new.iter().for_each(|line| put('+', line));
        grown += block.new.len().cast_signed() - block.old.len().cast_signed();
        at = block.to;
    }
    lines.get(at..to)?.iter().for_each(|line| put(' ', line));
    let (old, new) = (to - from, (to - from).checked_add_signed(grown)?);
    // An empty side is said to stand behind the line before it.
    let first = |from: usize, count: usize| if count == 0 { from } else { from + 1 };
    let begins = from.checked_add_signed(*shift)?;
    *out += &format!("@@ -{},{old} +{},{new} @@\n{body}", first(from, old), first(begins, new));
    *shift += grown;
    Some(())
}

fn header(side: &str, name: &str) -> String {
    let mut name = name.replace('\\', "/");
    while let Some(rest) = name.strip_prefix("./").or_else(|| name.strip_prefix('/')) {
        name = rest.to_owned();
    }
    if name.chars().any(|c| c.is_control() || c == '"') {
        let mut out = format!("\"{side}");
        for byte in name.bytes() {
            match byte {
                b'"' => out += "\\\"",
                0x20..=0x7e => out.push(char::from(byte)),
                _ => out += &format!("\\{byte:03o}"),
            }
        }
        return out + "\"";
    }
    let end = if name.contains(' ') { "\t" } else { "" };
    format!("{side}{name}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(start: usize, end: usize, text: &str) -> Change {
        Change { start, end, text: text.to_owned() }
    }

    #[test]
    fn changes_that_are_near_share_a_hunk() {
        let text: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let at = |line: &str| text.find(line).unwrap();
        let made = diff(
            "./a b.tf",
            &text,
            vec![change(at("18"), at("18") + 2, "x"), change(0, 2, ""), change(at("4"), at("4"), "new\n")],
        );
        assert_eq!(
            made.unwrap(),
            "--- a/a b.tf\t\n+++ b/a b.tf\t\n@@ -1,6 +1,6 @@\n-1\n 2\n 3\n+new\n 4\n 5\n 6\n@@ -15,6 +15,6 @@\n 15\n 16\n 17\n-18\n+x\n 19\n 20\n"
        );
        assert_eq!(diff("x", "a\n", vec![change(0, 1, "a")]), None);
        assert_eq!(
            diff("x\n", "a", vec![change(1, 1, "b")]).unwrap(),
            "--- \"a/x\\012\"\n+++ \"b/x\\012\"\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+ab\n\\ No newline at end of file\n"
        );
    }
}
