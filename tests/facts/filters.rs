//! What filters know of properties, against the facts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::{Field, field};
use windows_autopilot::transport::transport_fn;
use windows_autopilot::{Client, ErrorKind};

use crate::files::{self, Types};

/// The kinds of literals that the types of both versions name for each property.
fn kinds() -> Option<BTreeMap<String, BTreeSet<&'static str>>> {
    let mut kinds: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for version in ["v1.0", "beta"] {
        let types = Types::load(version)?;
        let listed = files::json(&format!("graph/types-{version}.json"))?;
        let names = listed["types"].as_array().unwrap().iter().filter_map(|ty| ty["name"].as_str());
        for property in names.flat_map(|name| types.properties(name)) {
            let kind = match property.ty.as_str() {
                "Edm.DateTimeOffset" | "Edm.Date" => "date",
                "Edm.Int32" | "Edm.Int64" => "number",
                "Edm.Boolean" => "boolean",
                "Edm.String" => "text",
                _ => "another",
            };
            kinds.entry(property.name).or_default().insert(kind);
        }
    }
    Some(kinds)
}

#[test]
fn lists_of_properties_are_those_of_the_types() {
    let Some(kinds) = kinds() else { return };
    for (kind, listed) in [
        ("date", Field::DATES),
        ("number", Field::NUMBERS),
        ("boolean", Field::BOOLEANS),
        ("text", Field::TEXTS),
    ] {
        let only = |kinds: &BTreeSet<&str>| kinds.len() == 1 && kinds.contains(kind);
        let expected: Vec<&str> =
            kinds.iter().filter(|(_, kinds)| only(kinds)).map(|(name, _)| name.as_str()).collect();
        assert_eq!(listed, expected, "{kind}");
    }
}

#[tokio::test]
async fn text_for_any_date_is_refused_before_anything_is_sent() {
    let service = transport_fn(|request| async move { panic!("sent {}", request.uri()) });
    let client = Client::builder(FixedToken::new("token")).with_transport(service).build().unwrap();
    for name in Field::DATES {
        let list = client.groups().list().filter(field(*name).ge(Timestamp::UNIX_EPOCH.to_string()));
        let error = list.all().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        assert!(
            error.to_string().contains(&format!("{name} is a date: pass a Timestamp, not a string")),
            "{error}"
        );
    }
}
