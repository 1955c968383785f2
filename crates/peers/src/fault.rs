//! Why a file cannot be used.

use crate::row::Form;

/// Why a file cannot be used, with the place. Lines and columns count from one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It holds nothing.
    #[error("the file is empty")]
    Empty,
    /// It is larger than what is read.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// How large it may be.
        limit: u64,
    },
    /// It holds more results than are read.
    #[error("the file holds more than {most} results")]
    TooMany {
        /// How many it may hold.
        most: usize,
    },
    /// It is no UTF-8.
    #[error("line {line}: the text is not UTF-8")]
    NotUtf8 {
        /// The line of the first byte that is none.
        line: usize,
    },
    /// It is no JSON, or not in the shape of its form.
    #[error("line {line}, column {column}: {message}")]
    Json {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// It is none of the forms that are read.
    #[error("line {line}: neither OCSF nor SARIF, no table of Prowler and none of Defender for Cloud")]
    NoForm {
        /// The line of the first thing that is of no form.
        line: usize,
    },
    /// A table lacks columns that its form has.
    #[error("line 1: the table lacks the columns {}", columns.join(", "))]
    NoColumns {
        /// What it is like.
        form: Form,
        /// What is missing.
        columns: Vec<&'static str>,
    },
    /// A cell does not end.
    #[error("line {line}: a quoted cell begins here and does not end")]
    OpenCell {
        /// The line that it begins on.
        line: usize,
    },
    /// Not one result tells a rule and an outcome.
    #[error("none of {rows} results tells a rule and an outcome; the first is number {first}")]
    NoResults {
        /// How many there are.
        rows: usize,
        /// Where the first of them stands.
        first: usize,
    },
}
