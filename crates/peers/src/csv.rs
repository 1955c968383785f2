//! Tables (RFC 4180), read record by record.

use std::borrow::Cow;

use crate::fault::Fault;

/// The records of a text.
pub(crate) struct Records<'t> {
    text: &'t str,
    divider: char,
    at: usize,
    line: usize,
}

/// One record, and the line that it begins on.
pub(crate) struct Record<'t> {
    pub(crate) line: usize,
    pub(crate) cells: Vec<Cow<'t, str>>,
}

impl<'t> Records<'t> {
    pub(crate) fn new(text: &'t str, divider: char) -> Self {
        Self { text, divider, at: 0, line: 1 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next record that is no empty line.
    pub(crate) fn next(&mut self) -> Result<Option<Record<'t>>, Fault> {
        loop {
            let rest = self.rest();
            let Some(first) = rest.chars().next() else { return Ok(None) };
            if !"\r\n".contains(first) {
                return self.record().map(Some);
            }
            self.line += usize::from(first == '\n');
            self.at += 1;
        }
    }

    fn record(&mut self) -> Result<Record<'t>, Fault> {
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
            let rest = self.rest();
            match rest.chars().next() {
                Some(c) if c == self.divider => self.at += c.len_utf8(),
                Some('\r') => self.at += 1 + usize::from(rest.starts_with("\r\n")),
                Some(_) => self.at += 1,
                None => {}
            }
            if !rest.starts_with(self.divider) {
                self.line += usize::from(!rest.is_empty());
                return Ok(Record { line, cells });
            }
        }
    }

    /// A cell, up to the divider or the end of the line.
    fn cell(&mut self) -> Result<Cow<'t, str>, Fault> {
        let rest = self.rest();
        let divides = |c: char| c == self.divider || c == '\n' || c == '\r';
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find(divides).unwrap_or(rest.len());
            self.at += end;
            return Ok(Cow::Borrowed(rest.get(..end).unwrap_or_default()));
        };
        let begun = self.line;
        let mut from = 0;
        let end = loop {
            let tail = quoted.get(from..).unwrap_or_default();
            let Some(quote) = tail.find('"') else { return Err(Fault::OpenCell { line: begun }) };
            if tail.get(quote + 1..).is_some_and(|tail| tail.starts_with('"')) {
                from += quote + 2;
            } else {
                break from + quote;
            }
        };
        let inside = quoted.get(..end).unwrap_or_default();
        self.line += inside.bytes().filter(|byte| *byte == b'\n').count();
        self.at += end + 2;
        // What stands after the quote and before the divider belongs to the cell, as spreadsheets read it.
        let rest = self.rest();
        let more = rest.find(divides).unwrap_or(rest.len());
        self.at += more;
        let more = rest.get(..more).unwrap_or_default();
        let text = if inside.contains("\"\"") {
            Cow::Owned(inside.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(inside)
        };
        Ok(if more.is_empty() { text } else { Cow::Owned(text.into_owned() + more) })
    }
}

/// The columns of a table by their names.
pub(crate) struct Columns {
    names: Vec<String>,
}

impl Columns {
    pub(crate) fn new(header: &Record<'_>) -> Self {
        Self { names: header.cells.iter().map(|cell| cell.trim().to_lowercase()).collect() }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|its| its.eq_ignore_ascii_case(name))
    }

    /// Those of a list that are not there.
    pub(crate) fn missing(&self, wanted: &[&'static str]) -> Vec<&'static str> {
        wanted.iter().copied().filter(|name| !self.has(name)).collect()
    }

    /// Where a column stands.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|its| its.eq_ignore_ascii_case(name))
    }
}

impl Record<'_> {
    /// The cell of a column; nothing where the record is short. An apostrophe that keeps a cell from being a formula is no part
    /// of it.
    pub(crate) fn cell(&self, place: Option<usize>) -> &str {
        let text = place.and_then(|place| self.cells.get(place)).map_or("", |cell| cell.trim());
        let guarded = text.strip_prefix('\'').filter(|rest| {
            rest.trim_start().starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠'])
        });
        guarded.unwrap_or(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, divider: char) -> Result<Vec<(usize, Vec<String>)>, Fault> {
        let mut records = Records::new(text, divider);
        let mut all = Vec::new();
        while let Some(record) = records.next()? {
            all.push((record.line, record.cells.iter().map(|cell| cell.to_string()).collect()));
        }
        Ok(all)
    }

    #[test]
    fn records_are_cut_as_spreadsheets_cut_them() {
        let check = |text: &str, divider: char, expected: &[(usize, &[&str])]| {
            let expected: Vec<_> = expected
                .iter()
                .map(|(line, cells)| (*line, cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()))
                .collect();
            assert_eq!(all(text, divider).unwrap(), expected, "{text:?}");
        };
        check("a,b\nc,d", ',', &[(1, &["a", "b"]), (2, &["c", "d"])]);
        check("a;b\r\n\r\nc;", ';', &[(1, &["a", "b"]), (3, &["c", ""])]);
        check("\"a,\"\"b\"\"\nc\",d\ne", ',', &[(1, &["a,\"b\"\nc", "d"]), (3, &["e"])]);
        check("\"a\"x,b\rc", ',', &[(1, &["ax", "b"]), (2, &["c"])]);
        check("見,本\n", ',', &[(1, &["見", "本"])]);
        check(",\n", ',', &[(1, &["", ""])]);
        check("", ',', &[]);
    }

    #[test]
    fn a_cell_that_does_not_end_is_told_with_its_line() {
        assert_eq!(all("a\n\"b\nc", ',').unwrap_err(), Fault::OpenCell { line: 2 });
        assert_eq!(all("\"\"\"", ',').unwrap_err(), Fault::OpenCell { line: 1 });
    }

    #[test]
    fn what_guards_a_cell_is_taken_off() {
        let record = Record { line: 1, cells: vec!["'=a".into(), "'a".into(), " x ".into()] };
        assert_eq!(record.cell(Some(0)), "=a");
        assert_eq!(record.cell(Some(1)), "'a");
        assert_eq!(record.cell(Some(2)), "x");
        assert_eq!(record.cell(Some(3)), "");
        assert_eq!(record.cell(None), "");
    }
}
