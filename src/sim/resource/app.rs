//! Apps that a status page can wait for.

use serde_json::json;

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange};
use crate::sim::odata::{self, INTUNE, Op, Rules, Support, Test};
use crate::sim::rows::Entity;

const PATH: &str = "deviceAppManagement/mobileApps";
const BASE: &str = "mobileApp";
const ASSIGNMENTS: &str = "assignments";
const RULES: Rules = Rules { type_name: BASE, filter, ..INTUNE };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Eq | Op::StartsWith | Op::Contains, "displayName") | (Op::IsOf, _) => Support::Yes,
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let is_expanded = !odata::check_expand(exchange, BASE, &[ASSIGNMENTS])?.is_empty();
    let view = |app: &Entity| {
        let mut view = app.typed_view();
        let assignments = view.remove(ASSIGNMENTS).unwrap_or_else(|| json!([]));
        if is_expanded {
            view.insert(ASSIGNMENTS.to_owned(), assignments);
        }
        view
    };
    odata::list_table(exchange, &RULES, PATH, &exchange.state.apps, |_| true, view)
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, BASE, &[])?;
    let id = exchange.parameter(0);
    let found = exchange.state.apps.get(id).ok_or_else(|| Failure::intune_not_found(id))?;
    let mut view = found.typed_view();
    view.remove(ASSIGNMENTS);
    odata::show(exchange, BASE, PATH, view)
}
