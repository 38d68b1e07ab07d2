//! Membership rules over the devices of a large tenant. No network, no clock but criterion's.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Map, Value, json};
use windows_autopilot::model::MembershipRule;
use windows_autopilot::model::rule::{Attribute, DeviceAttributes, DeviceProperty, TextList};

const DEVICES: usize = 100_000;

struct Device {
    model: String,
    physical_ids: Vec<String>,
}

impl Device {
    fn new(index: usize) -> Self {
        Self {
            model: format!("Model {}", index % 40),
            physical_ids: vec![
                format!("[USER-GID]:6f2c0d1e-{index:012}:6825{index}"),
                format!("[GID]:g:6825{index}"),
                format!("[ZTDId]:0b1f7a52-3c0e-4a4b-8f1b-{index:012}"),
                format!("[OrderID]:Site{}", index % 50),
            ],
        }
    }

    fn json(&self) -> Map<String, Value> {
        match json!({ "model": self.model, "physicalIds": self.physical_ids, "accountEnabled": true }) {
            Value::Object(device) => device,
            _ => Map::new(),
        }
    }
}

impl DeviceAttributes for Device {
    fn attribute(&self, property: DeviceProperty) -> Attribute<'_> {
        match property {
            DeviceProperty::AccountEnabled => true.into(),
            DeviceProperty::DeviceModel => self.model.as_str().into(),
            DeviceProperty::DevicePhysicalIds => TextList::from(self.physical_ids.as_slice()).into(),
            _ => Attribute::Absent,
        }
    }
}

/// What costs most of each kind: a tag in the last of four values, and conditions that are all looked at.
const COMBINED: &str = r#"(device.accountEnabled -eq true)
    -and (device.devicePhysicalIds -any (_ -startsWith "[ZTDId]"))
    -and (device.devicePhysicalIds -all (_ -notContains "kiosk"))
    -and -not (device.deviceModel -in ["Model 1", "Model 2", "Model 3", "Model 4"])
    -and (device.devicePhysicalIds -any (_ -eq "[OrderID]:site7" -or _ -endsWith "Site8"))"#;

#[allow(clippy::unwrap_used, reason = "a bench with a bad rule must not run")]
fn rule(c: &mut Criterion) {
    let devices: Vec<Device> = (0..DEVICES).map(Device::new).collect();
    let records: Vec<Map<String, Value>> = devices.iter().map(Device::json).collect();
    let tag = MembershipRule::group_tag("site7").unwrap();
    let combined: MembershipRule = COMBINED.parse().unwrap();
    let pattern: MembershipRule = r#"(device.deviceModel -match "^model [1-3]\d$")"#.parse().unwrap();
    // Each selects some devices and not all, or it would measure too little.
    for rule in [&tag, &combined, &pattern] {
        assert!((1..DEVICES).contains(&members(rule, &devices)), "{rule}");
    }

    let mut group = c.benchmark_group("rule");
    group.throughput(Throughput::Elements(DEVICES as u64));
    group.bench_function("100k_devices", |b| b.iter(|| members(&tag, black_box(&devices))));
    group.bench_function("100k_devices/combined", |b| b.iter(|| members(&combined, black_box(&devices))));
    group.bench_function("100k_devices/json", |b| b.iter(|| members(&combined, black_box(&records))));
    group.bench_function("100k_devices/match", |b| b.iter(|| members(&pattern, black_box(&devices))));
    group.throughput(Throughput::Bytes(COMBINED.len() as u64));
    group.bench_function("parse/combined", |b| b.iter(|| black_box(COMBINED).parse::<MembershipRule>()));
    group.finish();
}

fn members<D: DeviceAttributes>(rule: &MembershipRule, devices: &[D]) -> usize {
    devices.iter().filter(|device| rule.matches(*device)).count()
}

criterion_group!(benches, rule);
criterion_main!(benches);
