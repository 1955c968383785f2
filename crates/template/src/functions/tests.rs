//! What all functions share: how a call is checked, and what no call may do.

use proptest::prelude::*;

use super::*;

/// Calls a function with the elements of a JSON list. `{"$u": "name"}` in it is an unknown value of this
/// name, `{"$p": [...]}` a text of these parts. Compares the key of the result, or `! ` and the fault.
pub(super) fn check(name: &str, args: &str, expected: &str) {
    let args = read(args);
    let result = call(name, &args, Span::default()).unwrap_or_else(|| panic!("no function {name}"));
    let found = match result {
        Ok(value) => value.key(),
        Err(fault) => format!("! {}", fault.kind),
    };
    assert_eq!(found, expected, "{name}");
}

fn read(args: &str) -> Vec<Value> {
    let args = crate::json::read(args.as_bytes(), 0).unwrap();
    args.list().unwrap().iter().cloned().map(with_unknowns).collect()
}

fn with_unknowns(value: Value) -> Value {
    let kind = match &value.kind {
        Kind::List(items) => Kind::List(Arc::new(items.iter().cloned().map(with_unknowns).collect())),
        Kind::Object(object) => {
            if let Some(name) = object.text("$u") {
                return Value::unknown(name, name, Why::Generated(name.into()), value.at);
            }
            if let Some(parts) = object.get("$p") {
                let parts = parts.list().unwrap().iter().cloned().map(with_unknowns);
                return Value::of_parts(parts.flat_map(|part| part.parts().unwrap()), value.at);
            }
            let member =
                |member: &Member| Member { value: with_unknowns(member.value.clone()), ..member.clone() };
            Kind::Object(Arc::new(Object::new(object.members().iter().map(member).collect())))
        }
        kind => kind.clone(),
    };
    Value::new(kind, value.at)
}

#[test]
fn functions_are_found_in_any_case() {
    check("TOLOWER", r#"["A"]"#, r#""a""#);
    // The key of a call does not depend on how it was written.
    check("TOLOWER", r#"[{"$u":"u"}]"#, "toLower(u)");
    assert!(call("resourceId", &[], Span::default()).is_none());
    let mut all: Vec<String> = names().map(str::to_lowercase).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), FUNCTIONS.len());
}

#[test]
fn results_stand_where_the_call_does() {
    let at = Span { file: 7, start: 1, end: 2 };
    let args = read(r#"[[1,2]]"#);
    assert_eq!(call("first", &args, at).unwrap().unwrap().at, at);
    let json = call("json", &read(r#"["{\"a\": [1]}"]"#), at).unwrap().unwrap();
    assert_eq!(json.object().unwrap().get("a").unwrap().list().unwrap()[0].at, at);
    assert_eq!(call("add", &args, at).unwrap().unwrap_err().at, at);
}

#[test]
fn unknowns_keep_their_reason_and_a_name() {
    let args = read(r#"[{"$u":"vmName"},5]"#);
    let Kind::Unknown(unknown) = call("take", &args, Span::default()).unwrap().unwrap().kind else {
        panic!()
    };
    assert_eq!((&*unknown.label, &unknown.why), ("vmName", &Why::Generated("vmName".into())));
    // Letters of a generated name are no longer what they were.
    let args = read(r#"[{"$u":"uniqueString"}]"#);
    let Kind::Unknown(unknown) = call("base64", &args, Span::default()).unwrap().unwrap().kind else {
        panic!()
    };
    assert_eq!(&*unknown.label, "base64");
    // A parameter that is called like a function is no generated name.
    let parameter = Value::unknown("guid", "guid", Why::Parameter("guid".into()), Span::default());
    let lower = call("toLower", &[parameter], Span::default()).unwrap().unwrap();
    assert_eq!(lower.key(), "toLower(guid)");
}

#[test]
fn sharing_does_not_get_round_the_bounds() {
    let mut value = read("[[1]]").remove(0);
    let fault = (0..60).find_map(|_| {
        match call("createArray", &[value.clone(), value.clone()], Span::default()).unwrap() {
            Ok(larger) => {
                value = larger;
                None
            }
            Err(fault) => Some(fault.kind),
        }
    });
    assert!(matches!(fault, Some(FaultKind::TooLarge { .. })));
    let mut deep = read("[1]").remove(0);
    let fault = (0..200).find_map(|_| match call("createArray", &[deep.clone()], Span::default()).unwrap() {
        Ok(deeper) => {
            deep = deeper;
            None
        }
        Err(fault) => Some(fault.kind),
    });
    assert_eq!(fault, Some(FaultKind::TooDeep(DEPTH_LIMIT)));
    let mut text = Value::of_text("x", Span::default());
    let fault =
        (0..60).find_map(|_| match call("concat", &[text.clone(), text.clone()], Span::default()).unwrap() {
            Ok(longer) => {
                text = longer;
                None
            }
            Err(fault) => Some(fault.kind),
        });
    assert!(matches!(fault, Some(FaultKind::TooLarge { .. })));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        // Few letters, so that texts are found in others.
        8 => "[abAB -]{0,3}",
        1 => ".{0,8}",
        1 => "[{}0-9:,DXNF]{0,8}",
        1 => "-?PT?[0-9]{1,3}[YMDHS]",
        1 => "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{0,9}Z?)?",
        1 => "[0-9]{1,3}\\.[0-9]{1,3}\\.0\\.0/[0-9]{1,2}",
        1 => "[0-9a-f:]{0,9}/[0-9]{1,3}",
        1 => "https?://[a-z./?#]{0,9}",
        1 => "[A-Za-z0-9+/=]{0,12}",
        1 => "[yMdHhmsfFtzK'\"\\\\%é ]{0,9}",
        1 => Just("/subscriptions/".to_owned()),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let value = |kind| Value::new(kind, Span::default());
    let unknown = || {
        prop_oneof![Just("a"), Just("b"), Just("uniqueString"), Just("guid")]
            .prop_map(|name| Unknown::new(name, name, Why::Generated(name.into())))
    };
    let part = prop_oneof![
        any_text().prop_map(|text| Part::Literal(text.into())),
        unknown().prop_map(Part::Unknown)
    ];
    let leaf = prop_oneof![
        Just(value(Kind::Null)),
        any::<bool>().prop_map(move |it| value(Kind::Bool(it))),
        (-3_i64..40).prop_map(move |it| value(Kind::Int(it))),
        any::<i64>().prop_map(move |it| value(Kind::Int(it))),
        any::<f64>().prop_map(move |it| value(Kind::Float(it))),
        any_text().prop_map(|it| Value::of_text(&it, Span::default())),
        unknown().prop_map(move |it| value(Kind::Unknown(it))),
        prop::collection::vec(part, 1..4).prop_map(|it| Value::of_parts(it, Span::default())),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let members = prop::collection::vec(("[a-cA-C]", inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|it| Value::of_list(it, Span::default())),
            members.prop_map(|it| {
                let members = it.iter().map(|(name, value)| (name.as_str(), value.clone()));
                Value::of_object(members.collect(), Span::default())
            }),
        ]
    })
}

/// The value with another in the place of each that is not known; parts of texts become texts.
fn filled(value: &Value, with: &Value) -> Value {
    match &value.kind {
        Kind::Unknown(unknown) => match &with.kind {
            Kind::Text(text) => Value::of_text(&stood_for(unknown, text), value.at),
            _ => with.clone(),
        },
        Kind::Parts(parts) => {
            let text = with.text().unwrap_or("9");
            let parts = parts.iter().map(|part| match part {
                Part::Unknown(unknown) => Part::Literal(stood_for(unknown, text).into()),
                literal => literal.clone(),
            });
            Value::of_parts(parts, value.at)
        }
        Kind::List(items) => Value::of_list(items.iter().map(|item| filled(item, with)).collect(), value.at),
        Kind::Object(object) => {
            let member = |member: &Member| Member { value: filled(&member.value, with), ..member.clone() };
            let members = object.members().iter().map(member).collect();
            Value::new(Kind::Object(Arc::new(Object::new(members))), value.at)
        }
        _ => value.clone(),
    }
}

/// The text that an unknown is: nothing, or one that no other unknown is.
fn stood_for(unknown: &Unknown, with: &str) -> String {
    if with.is_empty() { String::new() } else { format!("{with}{}", unknown.key) }
}

/// Texts of few letters, known or not: found in each other more often than any others.
fn any_short_text() -> impl Strategy<Value = Value> {
    let unknown = prop_oneof![Just("a"), Just("b")]
        .prop_map(|name| Part::Unknown(Unknown::new(name, name, Why::Generated(name.into()))));
    let part = prop_oneof!["[abA -]{1,2}".prop_map(|text| Part::Literal(text.into())), unknown];
    prop::collection::vec(part, 0..4).prop_map(|parts| Value::of_parts(parts, Span::default()))
}

/// Whether all that is not known in a result is an argument, and not made of one.
fn stands_for_itself(value: &Value) -> bool {
    let itself = |unknown: &Unknown| matches!(&*unknown.key, "a" | "b");
    match &value.kind {
        Kind::Unknown(unknown) => itself(unknown),
        Kind::Parts(parts) => parts.iter().all(|part| match part {
            Part::Unknown(unknown) => itself(unknown),
            Part::Literal(_) => true,
        }),
        Kind::List(items) => items.iter().all(stands_for_itself),
        Kind::Object(object) => object.members().iter().all(|member| stands_for_itself(&member.value)),
        _ => true,
    }
}

/// What functions say of unknown values holds for whatever these turn out to be: a result that is known
/// stays what it is.
fn holds(args: &[Value]) -> Result<(), TestCaseError> {
    for name in names() {
        let Ok(before) = call(name, args, Span::default()).unwrap() else { continue };
        if !args.iter().any(|arg| arg.doubt_within().is_some()) {
            prop_assert!(before.doubt_within().is_none(), "{} makes an unknown of known values", name);
        }
        if !stands_for_itself(&before) {
            continue;
        }
        let texts_only = before.doubt_within().is_some();
        for with in read(r#"["", "e", 1, true, null, [], [1], {"a": 1}]"#) {
            if texts_only && with.text().is_none() {
                break;
            }
            let known: Vec<Value> = args.iter().map(|arg| filled(arg, &with)).collect();
            if let Ok(after) = call(name, &known, Span::default()).unwrap() {
                prop_assert_eq!(filled(&before, &with).key(), after.key(), "{} {:?}", name, args);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_call_panics_or_says_too_much(args in prop::collection::vec(any_value(), 0..4)) {
        holds(&args)?;
    }

    #[test]
    fn no_call_of_texts_says_too_much(
        one in any_short_text(),
        other in any_short_text(),
        number in prop::option::of(-1_i64..6),
    ) {
        let number = number.map(|number| Value::new(Kind::Int(number), Span::default()));
        holds(&[one.clone(), other])?;
        let numbers: Vec<Value> = number.clone().into_iter().chain(number).collect();
        for count in 0..=numbers.len() {
            let args: Vec<Value> = [one.clone()].into_iter().chain(numbers.iter().take(count).cloned()).collect();
            holds(&args)?;
        }
    }
}
