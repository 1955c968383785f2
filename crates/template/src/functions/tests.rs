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
        ".{0,8}",
        "[{}0-9:,DXNF]{0,8}",
        "-?PT?[0-9]{1,3}[YMDHS]",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{0,9}Z?)?",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.0\\.0/[0-9]{1,2}",
        "[0-9a-f:]{0,9}/[0-9]{1,3}",
        "https?://[a-z./?#]{0,9}",
        "[A-Za-z0-9+/=]{0,12}",
        "[yMdHhmsfFtzK'\"\\\\%é ]{0,9}",
        Just("/subscriptions/".to_owned()),
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
            Kind::Text(text) => Value::of_text(&format!("{text}{}", unknown.key), value.at),
            _ => with.clone(),
        },
        Kind::Parts(parts) => {
            let text = with.text().unwrap_or("9");
            let parts = parts.iter().map(|part| match part {
                Part::Unknown(unknown) => Part::Literal(format!("{text}{}", unknown.key).into()),
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20000))]

    /// No function panics, and what it says of unknown values holds for whatever these turn out to be: a result
    /// that is known stays what it is.
    #[test]
    fn what_is_said_of_unknowns_holds(args in prop::collection::vec(any_value(), 0..4)) {
        for name in names() {
            let before = call(name, &args, Span::default()).unwrap();
            let doubtful = args.iter().any(|arg| arg.doubt_within().is_some());
            let Ok(before) = before else { continue };
            if !doubtful {
                prop_assert!(before.doubt_within().is_none(), "{name} makes an unknown of known values");
                continue;
            }
            if before.doubt_within().is_some() {
                continue;
            }
            for with in read(r#"["", "e", 1, true, null, [], [1], {"a": 1}]"#) {
                let known: Vec<Value> = args.iter().map(|arg| filled(arg, &with)).collect();
                if let Ok(after) = call(name, &known, Span::default()).unwrap() {
                    prop_assert_eq!(before.key(), after.key(), "{} {:?}", name, args);
                }
            }
        }
    }
}
