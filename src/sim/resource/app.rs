//! Apps: what a status page can wait for.

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange};
use crate::sim::odata::{self, INTUNE, Op, Rules, Support, Test};
use crate::sim::rows::Entity;

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
    odata::list_table(exchange, &RULES, PATH, &exchange.state.apps, |_| true, Entity::typed_view)
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, BASE, &[])?;
    let id = exchange.parameter(0);
    let found = exchange.state.apps.get(id).ok_or_else(|| Failure::intune_not_found(id))?;
    odata::show(exchange, BASE, PATH, found.typed_view())
}
