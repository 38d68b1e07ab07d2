//! Intune Connectors for Active Directory. They appear and disappear with their servers; a call can write a record,
//! which serves no domain.

use http::StatusCode;

use crate::sim::error::{Failure, Form};
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Rules, Selection};
use crate::sim::rows::{Connector, ConnectorState};
use crate::sim::store::Word;

const PATH: &str = "deviceManagement/domainJoinConnectors";
const TYPE: &str = "deviceManagementDomainJoinConnector";
const RULES: Rules = Rules { type_name: TYPE, ..INTUNE };

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let now = exchange.state.now;
    let shown = |of: &Connector| !of.is_forgotten(now);
    odata::list_table(exchange, &RULES, PATH, &exchange.state.connectors, shown, |of| of.view(now))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let now = exchange.state.now;
    let selection = Selection::read(exchange, TYPE)?;
    let view = find(exchange)?.view(now);
    Ok(exchange.entity(StatusCode::OK, &format!("{PATH}{}", selection.suffix()), selection.apply(view)))
}

pub(crate) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = exchange.sent(TYPE)?;
    let now = exchange.state.now;
    let mut connector = Connector {
        id: exchange.state.guid(),
        name: String::new(),
        domain: String::new(),
        version: String::new(),
        state: ConnectorState::Written(Word("active"), now),
    };
    connector.write(&sent, now);
    let shown = connector.view(now);
    exchange.state.connectors.insert(connector);
    Ok(exchange.entity(StatusCode::CREATED, PATH, shown))
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = exchange.sent(TYPE)?;
    let id = find(exchange)?.id.clone();
    let now = exchange.state.now;
    exchange.state.connectors.update(&id, |connector| connector.write(&sent, now));
    let shown = find(exchange)?.view(now);
    Ok(exchange.entity(StatusCode::OK, PATH, shown))
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange)?.id.clone();
    if !exchange.state.options.quirks.connector_deletion {
        return Err(forbidden());
    }
    exchange.state.connectors.remove(&id);
    Ok(Reply::NoContent)
}

fn find<'e>(exchange: &'e Exchange<'_>) -> Result<&'e Connector, Failure> {
    let id = exchange.parameter(0);
    let found = exchange.state.connectors.get(id).filter(|of| !of.is_forgotten(exchange.state.now));
    found.ok_or_else(|| Failure::intune_not_found(id))
}

fn forbidden() -> Failure {
    let hidden = Failure::intune(StatusCode::FORBIDDEN, "UnknownError", "An error has occurred");
    Failure { form: Form::WrappedTwice, ..hidden }
}
