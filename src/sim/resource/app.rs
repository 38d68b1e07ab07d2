//! Apps: what a status page can wait for.

use http::StatusCode;

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange};
use crate::sim::odata::{self, INTUNE, Op, Rules, Selection, Support, Test};
use crate::sim::rows::Entity;
use crate::sim::store::Body;

const PATH: &str = "deviceAppManagement/mobileApps";
const BASE: &str = "mobileApp";
const RULES: Rules = Rules { type_name: BASE, filter, ..INTUNE };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Eq | Op::StartsWith | Op::Contains, "displayName") | (Op::IsOf, _) => Support::Yes,
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, BASE, &[])?;
    odata::list_table(exchange, &RULES, PATH, &exchange.state.apps, |_| true, view)
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, BASE, &[])?;
    let id = exchange.parameter(0);
    let found = exchange.state.apps.get(id).ok_or_else(|| Failure::intune_not_found(id))?;
    let selection = Selection::read(exchange, BASE)?;
    Ok(exchange.entity(
        StatusCode::OK,
        &format!("{PATH}{}", selection.suffix()),
        selection.apply(view(found)),
    ))
}

fn view(found: &Entity) -> Body {
    let mut view = found.body.clone();
    view.insert("id".to_owned(), found.id.clone().into());
    view.insert("@odata.type".to_owned(), format!("#microsoft.graph.{}", found.type_name).into());
    view
}
