//! JSON in little space: objects of one shape name their properties once, and texts that repeat are in a table.
//!
//! Of a packed value, a number is a text of the table or, below zero, a time; an array is a list behind 0, an object behind
//! the number of its shape from 1 on, or a number behind -1. Everything else stands for itself.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

/// The shortest text that has a place in the table.
const SHORTEST: usize = 3;

/// The maximum number of bytes of the texts in the table.
const LARGEST_TABLE: usize = 100_000;

/// The tables of packed values.
#[derive(Default)]
pub(super) struct Packer<'a> {
    texts: HashMap<&'a str, usize>,
    shapes: Vec<Vec<&'a str>>,
    numbers: HashMap<Vec<&'a str>, usize>,
    earliest: i64,
}

impl<'a> Packer<'a> {
    /// Makes the tables for these values.
    pub(super) fn new(values: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut packer = Self { earliest: i64::MAX, ..Self::default() };
        let mut counts = HashMap::new();
        values.into_iter().for_each(|value| packer.learn(value, &mut counts));
        let mut repeated: Vec<(&str, usize)> =
            counts.into_iter().filter(|(text, count)| *count > 1 && text.len() >= SHORTEST).collect();
        // The most frequent have the shortest numbers.
        repeated.sort_unstable_by_key(|(text, count)| (Reverse(*count), *text));
        let mut bytes = 0;
        repeated.retain(|(text, _)| {
            bytes += text.len();
            bytes <= LARGEST_TABLE
        });
        packer.texts = repeated.into_iter().enumerate().map(|(index, (text, _))| (text, index)).collect();
        packer
    }

    fn learn(&mut self, value: &'a Value, counts: &mut HashMap<&'a str, usize>) {
        match value {
            Value::String(text) => match seconds(text) {
                Some(time) => self.earliest = self.earliest.min(time),
                None => *counts.entry(text).or_default() += 1,
            },
            Value::Array(items) => items.iter().for_each(|item| self.learn(item, counts)),
            Value::Object(members) => {
                let shape: Vec<&str> = members.keys().map(String::as_str).collect();
                if !self.numbers.contains_key(&shape) {
                    self.shapes.push(shape.clone());
                    self.numbers.insert(shape, self.shapes.len());
                }
                members.values().for_each(|member| self.learn(member, counts));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Returns the tables as members of a JSON object.
    pub(super) fn tables(&self) -> String {
        let mut texts: Vec<(&str, usize)> = self.texts.iter().map(|(text, index)| (*text, *index)).collect();
        texts.sort_unstable_by_key(|(_, index)| *index);
        let texts: Vec<&str> = texts.into_iter().map(|(text, _)| text).collect();
        let earliest = if self.earliest == i64::MAX { 0 } else { self.earliest };
        let texts = Value::from(texts);
        let shapes = Value::from_iter(self.shapes.iter().map(|shape| Value::from(shape.as_slice())));
        format!("\"texts\":{texts},\"shapes\":{shapes},\"earliest\":{earliest}")
    }

    /// Packs one of the values that the tables were made for, or a part of one.
    pub(super) fn pack(&self, value: &Value) -> String {
        let mut out = String::new();
        self.write(&mut out, value);
        out
    }

    fn write(&self, out: &mut String, value: &Value) {
        // Writing to a string does not fail.
        let _ = match value {
            Value::String(text) => match (seconds(text), self.texts.get(text.as_str())) {
                (Some(time), _) => write!(out, "{}", self.earliest - time - 1),
                (None, Some(index)) => write!(out, "{index}"),
                (None, None) => write!(out, "{value}"),
            },
            Value::Array(items) => {
                out.push_str("[0");
                self.write_items(out, items.iter());
                Ok(())
            }
            Value::Object(members) => {
                let shape: Vec<&str> = members.keys().map(String::as_str).collect();
                let number = self.numbers.get(&shape).copied().unwrap_or_default();
                let written = write!(out, "[{number}");
                self.write_items(out, members.values());
                written
            }
            Value::Number(number) => write!(out, "[-1,{number}]"),
            Value::Null | Value::Bool(_) => write!(out, "{value}"),
        };
    }

    fn write_items<'v>(&self, out: &mut String, items: impl Iterator<Item = &'v Value>) {
        for item in items {
            out.push(',');
            self.write(out, item);
        }
        out.push(']');
    }
}

/// Returns the seconds of a time that is written to the second, as [`Timestamp`] writes it.
fn seconds(text: &str) -> Option<i64> {
    if text.len() != 20 || !text.ends_with('Z') {
        return None;
    }
    let time: Timestamp = text.parse().ok()?;
    (time.to_string() == text).then(|| time.as_second())
}
