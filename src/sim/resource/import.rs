//! Imports of devices and their outcomes.

use base64::Engine as _;
use http::StatusCode;
use serde_json::Value;

use super::device;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Op, Rules, Support, Test};
use crate::sim::rows::{Flaw, Import, NewIdentity};
use crate::sim::schema::{self, BASE64};
use crate::sim::state::{Due, State};
use crate::sim::store::{Body, Word};

const PATH: &str = "deviceManagement/importedWindowsAutopilotDeviceIdentities";
const TYPE: &str = "importedWindowsAutopilotDeviceIdentity";
const RULES: Rules = Rules { type_name: TYPE, order: &[], filter, ..INTUNE };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Eq, "importId") => Support::Yes,
        (Op::Contains | Op::StartsWith, "serialNumber") => {
            Support::Quirk(|quirks| quirks.serial_number_searches)
        }
        _ => Support::No,
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    odata::list_table(exchange, &RULES, PATH, &exchange.state.imports, |_| true, Import::view)
}

pub(crate) fn count(exchange: &mut Exchange<'_>) -> Answer {
    odata::count(exchange, &RULES, exchange.state.imports.after(0))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, TYPE, &[])?;
    let import = find(exchange.state, exchange.parameter(0))?;
    odata::show(exchange, TYPE, PATH, import.view())
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = exchange.parameter(0);
    find(exchange.state, id)?;
    exchange.state.imports.remove(id);
    Ok(Reply::NoContent)
}

pub(crate) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let state = &mut *exchange.state;
    state.limits.count_import(&state.options, state.now)?;
    let mut import = read(exchange, &exchange.request.object()?)?;
    // The single POST gives every record an import id of its own, and fills the product key with it.
    import.import_id.clone_from(&import.id);
    if import.device.product_key.is_empty() {
        import.device.product_key.clone_from(&import.id);
    }
    let view = import.view();
    accept(exchange.state, import);
    Ok(exchange.entity(StatusCode::CREATED, PATH, view))
}

pub(crate) fn import(exchange: &mut Exchange<'_>) -> Answer {
    const KEY: &str = "importedWindowsAutopilotDeviceIdentities";
    let sent = exchange.request.parameters("import", &[KEY])?;
    let Some(Value::Array(items)) = sent.get(KEY) else {
        return Err(Failure::model(format!("The parameter '{KEY}' is missing or not a collection.")));
    };
    let mut imports: Vec<Import> = Vec::with_capacity(items.len());
    let mut serials = std::collections::HashSet::new();
    let import_id = exchange.state.guid();
    for item in items {
        let Value::Object(item) = item else {
            return Err(Failure::model(format!(
                "The parameter '{KEY}' holds something that is not an object."
            )));
        };
        let mut item = item.clone();
        item.retain(|name, _| !name.eq_ignore_ascii_case("id"));
        let mut import = read(exchange, &item)?;
        if import.import_id.is_empty() {
            import.import_id.clone_from(&import_id);
        }
        if !serials.insert(import.device.serial.to_lowercase()) {
            import.flaw = Some(Flaw::Duplicated);
        }
        imports.push(import);
    }
    let views = imports.iter().map(Import::view).collect();
    for import in imports {
        accept(exchange.state, import);
    }
    Ok(odata::collection(exchange, PATH, views))
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Import, Failure> {
    state.imports.get(id).ok_or_else(|| Failure::intune_not_found(id))
}

fn read(exchange: &mut Exchange<'_>, sent: &Body) -> Result<Import, Failure> {
    let (_, kept) = schema::check(TYPE, sent, exchange.reading())?;
    let text = |name: &str| kept.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let serial = text("serialNumber");
    let hash = BASE64.decode(text("hardwareIdentifier")).unwrap_or_default();
    if serial.is_empty() || hash.is_empty() {
        return Err(Failure::refused("A serial number and a hardware identifier are required."));
    }
    let contents = Contents::read(&hash);
    let strict = exchange.state.options.quirks.strict_hashes;
    let flawed = match &contents {
        Some(contents) => contents.serial.is_empty() || contents.manufacturer.is_empty(),
        None => strict || hash.starts_with(b"OA"),
    };
    let contents = contents.unwrap_or_default();
    Ok(Import {
        id: exchange.state.guid(),
        import_id: text("importId"),
        device: NewIdentity {
            serial,
            manufacturer: contents.manufacturer,
            model: contents.model,
            product_key: text("productKey"),
            group_tag: text("groupTag"),
            purchase_order: String::new(),
            upn: text("assignedUserPrincipalName"),
        },
        status: Word("unknown"),
        error: None,
        registration: String::new(),
        flaw: flawed.then_some(Flaw::Hash),
    })
}

/// The contents of a hardware hash that the service reads.
#[derive(Debug, Default, PartialEq)]
struct Contents {
    serial: String,
    manufacturer: String,
    model: String,
}

impl Contents {
    /// Parses the records of a hash; `None` if it is invalid.
    fn read(hash: &[u8]) -> Option<Self> {
        let rest = hash.strip_prefix(b"OA")?;
        let (total, rest) = rest.split_at_checked(2)?;
        let total = usize::from(u16::from_le_bytes(total.try_into().ok()?));
        let mut rest = rest.get(..total.checked_sub(4)?)?;
        let mut contents = Self::default();
        while !rest.is_empty() {
            let (head, body) = rest.split_at_checked(4)?;
            let (kind, length) = head.split_at_checked(2)?;
            let kind = u16::from_le_bytes(kind.try_into().ok()?);
            let length = usize::from(u16::from_le_bytes(length.try_into().ok()?)).checked_sub(4)?;
            let (value, next) = body.split_at_checked(length)?;
            let text = || String::from_utf8_lossy(value).trim_matches(['\0', ' ']).to_owned();
            match kind {
                14 => contents.serial = text(),
                16 => contents.manufacturer = text(),
                17 => contents.model = text(),
                _ => {}
            }
            rest = next;
        }
        Some(contents)
    }
}

fn accept(state: &mut State, import: Import) {
    let id = import.id.clone();
    state.imports.insert(import);
    state.plan(state.options.lag.import_start, Due::ImportStarts(id));
}

/// Starts an import.
pub(crate) fn start(state: &mut State, id: &str) {
    if state.imports.update(id, |import| import.status = Word("pending")).is_some() {
        state.plan(state.options.lag.import, Due::ImportEnds(id.to_owned()));
    }
}

/// Ends an import with a registered device or an error.
pub(crate) fn end(state: &mut State, id: &str) {
    let Some(import) = state.imports.get(id) else { return };
    let new = import.device.clone();
    if state.held_imports.contains(&new.serial.to_lowercase()) {
        return;
    }
    let same = |a: &str, b: &str| a.is_empty() || b.is_empty() || a.eq_ignore_ascii_case(b);
    let registered = state
        .identities
        .find("serialNumber", &new.serial)
        .find(|(_, of)| same(&of.manufacturer, &new.manufacturer) && same(&of.model, &new.model))
        .map(|(_, of)| (of.id.clone(), of.deleting));
    let quirks = &state.options.quirks;
    let (error, registration) = match (import.flaw, registered) {
        (Some(Flaw::Hash), _) => (Some((802, "InvalidZtdHardwareHash")), None),
        (Some(Flaw::Duplicated), _) => (Some((quirks.duplicated_code, "ZtdDeviceDuplicated")), None),
        _ if state.storage_errors > 0 => (Some((quirks.storage_code, "StorageError")), None),
        _ if state.foreign.contains(&new.serial.to_lowercase()) => {
            (Some((quirks.other_tenant_code, "ZtdDeviceAssignedToOtherTenant")), None)
        }
        (None, Some((_, true))) => (Some((0, "ZtdDeviceDeletionInProgess")), None),
        (None, Some((id, false))) => (Some((806, "ZtdDeviceAlreadyAssigned")), Some(id)),
        (None, None) => (None, None),
    };
    if matches!(error, Some((_, "StorageError"))) {
        state.storage_errors -= 1;
    }
    let registration = registration.or_else(|| {
        error.is_none().then(|| {
            let id = device::register(state, new);
            state.plan(state.options.lag.identity, Due::IdentityAppears(id.clone()));
            id
        })
    });
    state.imports.update(id, |import| {
        import.status = Word(if error.is_some() { "error" } else { "complete" });
        import.error = error.map(|(code, name)| (code, Word(name)));
        import.registration = registration.unwrap_or_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(records: &[(u16, &str)]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in records {
            body.extend(kind.to_le_bytes());
            body.extend(u16::try_from(value.len() + 4).unwrap().to_le_bytes());
            body.extend(value.as_bytes());
        }
        let total = u16::try_from(body.len() + 4).unwrap();
        [b"OA".as_slice(), &total.to_le_bytes(), &body, &[0; 40]].concat()
    }

    #[test]
    fn a_hash_gives_serial_number_manufacturer_and_model_and_garbage_gives_nothing() {
        let good = hash(&[(1, "tool"), (14, "SN-1"), (16, "Contoso"), (17, "Book 3")]);
        let expected =
            Contents { serial: "SN-1".into(), manufacturer: "Contoso".into(), model: "Book 3".into() };
        assert_eq!(Contents::read(&good), Some(expected));
        for length in 0..60 {
            let _ = Contents::read(&good[..length]);
        }
        assert_eq!(Contents::read(b"hardwareIdentifier"), None);
        assert_eq!(Contents::read(b"OA\xff\xff"), None);
    }
}
