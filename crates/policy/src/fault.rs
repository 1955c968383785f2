//! What can be wrong with policies and checks of a team's own, and in which words that is told.

use posture::Lang;

/// Something wrong with what was given to `--policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 where it is the file as a whole.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It is no JSON.
    NotJson(String),
    /// It is no definition, initiative or assignment.
    NotPolicy,
    /// It is too large.
    TooLarge,
    /// The definition is not written as Azure demands.
    Definition(String),
    /// A condition cannot be worked out: the policy is judged as far as it does not matter.
    Condition(String),
    /// No resource has such an alias, as far as the catalogue goes. With what was probably meant.
    Alias(String, Option<String>),
    /// An initiative or assignment refers to a definition that was not given.
    NoDefinition(String),
    /// Initiatives hold each other.
    Cycle(String),
    /// A definition was given twice, and not the same.
    Twice(String),
    /// A parameter has a value that its definition does not allow.
    Parameter(String),
    /// The metadata of a check are not as they should be.
    Metadata(String),
    /// A check of the team's own went wrong.
    Check(String),
    /// A check took too long.
    TooLong,
    /// A check took too much memory.
    TooMuch,
}

impl FaultKind {
    /// What is wrong, in words.
    pub fn text(&self, lang: Lang) -> String {
        let (en, ja) = match self {
            Self::NotJson(what) => (format!("this is no JSON: {what}"), format!("JSON として読み取れません: {what}")),
            Self::NotPolicy => (
                "this is no policy definition, initiative or assignment: none of `policyRule`, `policyDefinitions` and `policyDefinitionId` is there".into(),
                "ポリシー定義、イニシアティブ、割り当てのいずれでもありません (`policyRule`、`policyDefinitions`、`policyDefinitionId` がありません)".into(),
            ),
            Self::TooLarge => ("this is larger than 1 MiB".into(), "1 MiB を超えています".into()),
            Self::Definition(what) => (format!("this is no policy definition as Azure demands it: {what}"), format!("ポリシー定義として正しくありません: {what}")),
            Self::Condition(what) => (format!("this condition cannot be worked out: {what}"), format!("この条件は評価できません: {what}")),
            Self::Alias(alias, None) => (
                format!("the alias `{alias}` is not in the catalogue; what depends on it is unknown"),
                format!("別名 `{alias}` はカタログにありません。この別名に依存する判定は不明になります"),
            ),
            Self::Alias(alias, Some(near)) => (
                format!("the alias `{alias}` is not in the catalogue; did you mean `{near}`?"),
                format!("別名 `{alias}` はカタログにありません。`{near}` の間違いではありませんか"),
            ),
            Self::NoDefinition(id) => (
                format!("the definition `{id}` is not there: give it to --policy as well, or add `--policy builtin`"),
                format!("定義 `{id}` が見つかりません。--policy でこの定義も指定するか、`--policy builtin` を加えてください"),
            ),
            Self::Cycle(names) => (format!("initiatives hold each other: {names}"), format!("イニシアティブが循環しています: {names}")),
            Self::Twice(id) => (
                format!("`{id}` is defined twice and not the same; the first counts"),
                format!("`{id}` が異なる内容で 2 回定義されています。最初の定義を使います"),
            ),
            Self::Parameter(what) => (format!("a parameter has a value that is not allowed: {what}"), format!("パラメーターの値が許可されていません: {what}")),
            Self::Metadata(what) => (format!("the metadata of this check are not as they should be: {what}"), format!("チェックのメタデータが正しくありません: {what}")),
            Self::Check(what) => (format!("this check went wrong: {what}"), format!("チェックの実行に失敗しました: {what}")),
            Self::TooLong => (
                "this check was stopped: it takes too long".into(),
                "時間の上限を超えたため、チェックを停止しました".into(),
            ),
            Self::TooMuch => (
                "this check was stopped: it takes too much memory, or too long".into(),
                "メモリまたは時間の上限を超えたため、チェックを停止しました".into(),
            ),
        };
        match lang {
            Lang::En => en,
            Lang::Ja => ja,
        }
    }
}
