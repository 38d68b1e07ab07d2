//! The queue of devices to send: their requests and send times.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use crate::model::{DeviceToImport, SerialNumber};

/// The largest request in bytes. Graph accepts 4 MB.
const MOST_BYTES: usize = 3 << 20;

/// The maximum number of bytes of a device in a request, without its hash.
const FRAME_BYTES: usize = 1024;

/// The first and the longest backoff after the service did not accept a request, unless the service names one.
const HELD: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// A device to send.
#[derive(Debug, Clone)]
pub(super) struct QueuedDevice {
    index: usize,
    serial: String,
    bytes: usize,
}

impl QueuedDevice {
    pub(super) fn new(index: usize, device: &DeviceToImport) -> Self {
        let bytes = device.hardware_identifier.as_str().len().saturating_add(FRAME_BYTES);
        Self { index, serial: fold(&device.serial_number), bytes }
    }
}

/// The devices of one request.
#[derive(Debug)]
pub(super) struct QueuedRequest {
    pub(super) devices: Vec<usize>,
    /// The time of the first attempt.
    pub(super) since: Option<Duration>,
    not_before: Duration,
    wait: Duration,
}

impl QueuedRequest {
    fn new(devices: Vec<usize>) -> Self {
        Self { devices, since: None, not_before: Duration::ZERO, wait: HELD.0 }
    }
}

/// The queue of devices to send.
#[derive(Debug)]
pub(super) struct Outbox {
    chunk_size: usize,
    max_in_flight: usize,
    queue: VecDeque<QueuedDevice>,
    /// Requests to retry, before any other, in this order.
    held: VecDeque<QueuedRequest>,
    /// The number of pending devices by serial number.
    pending_serials: HashMap<String, u32>,
}

impl Outbox {
    pub(super) fn new(chunk_size: usize, max_in_flight: usize) -> Self {
        Self {
            chunk_size: chunk_size.max(1),
            max_in_flight: max_in_flight.max(1),
            queue: VecDeque::new(),
            held: VecDeque::new(),
            pending_serials: HashMap::new(),
        }
    }

    pub(super) fn push(&mut self, device: QueuedDevice) {
        self.queue.push_back(device);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(usize) -> bool) {
        self.queue.retain(|device| keep(device.index));
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.held.clear();
    }

    /// Returns the time at which the next held request may be sent.
    pub(super) fn held_until(&self) -> Option<Duration> {
        self.held.front().map(|queued| queued.not_before)
    }

    /// Holds a request back and returns the backoff.
    pub(super) fn hold(
        &mut self,
        mut queued: QueuedRequest,
        now: Duration,
        asked: Option<Duration>,
    ) -> Duration {
        let wait = asked.unwrap_or_default().max(queued.wait);
        queued.wait = queued.wait.saturating_add(queued.wait / 2).min(HELD.1);
        queued.not_before = now.saturating_add(wait);
        self.held.push_front(queued);
        wait
    }

    /// Holds a request back in two halves.
    pub(super) fn halve(&mut self, mut queued: QueuedRequest) {
        let second = queued.devices.split_off(queued.devices.len() / 2);
        for devices in [second, queued.devices] {
            self.held.push_front(QueuedRequest { since: queued.since, ..QueuedRequest::new(devices) });
        }
    }

    /// Marks a serial number as pending in the service, or as no longer pending.
    pub(super) fn serial_is_pending(&mut self, serial: &SerialNumber, pending: bool) {
        let serial = fold(serial);
        let count = self.pending_serials.get(&serial).copied().unwrap_or_default();
        let count = if pending { count.saturating_add(1) } else { count.saturating_sub(1) };
        match count {
            0 => self.pending_serials.remove(&serial),
            more => self.pending_serials.insert(serial, more),
        };
    }

    /// Returns the next request: a held one, or a new one if the number of pending devices allows.
    pub(super) fn next(&mut self, now: Duration, pending: usize) -> Option<QueuedRequest> {
        if let Some(held) = self.held.front() {
            return if held.not_before <= now { self.held.pop_front() } else { None };
        }
        let room = self.max_in_flight.saturating_sub(pending);
        // Better a whole request later than a small one now.
        if pending > 0 && room < self.chunk_size.min(self.queue.len()) {
            return None;
        }
        let most = self.chunk_size.min(room);
        let mut devices = Vec::new();
        let mut serials = HashSet::new();
        let mut skipped = VecDeque::new();
        let mut bytes = 0_usize;
        while devices.len() < most
            && let Some(device) = self.queue.pop_front()
        {
            // Two of one serial number may be one device or two; the service tells them apart only if they are sent one
            // at a time.
            if self.pending_serials.contains_key(&device.serial) || serials.contains(&device.serial) {
                skipped.push_back(device);
                continue;
            }
            bytes = bytes.saturating_add(device.bytes);
            if bytes > MOST_BYTES && !devices.is_empty() {
                self.queue.push_front(device);
                break;
            }
            devices.push(device.index);
            serials.insert(device.serial);
        }
        skipped.append(&mut self.queue);
        self.queue = skipped;
        if devices.is_empty() { None } else { Some(QueuedRequest::new(devices)) }
    }
}

/// Folds a serial number as the service compares it: without regard to case.
fn fold(serial: &SerialNumber) -> String {
    serial.as_str().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn outbox(chunk_size: usize, max_in_flight: usize, serials: &[&str], hash_bytes: usize) -> Outbox {
        let mut outbox = Outbox::new(chunk_size, max_in_flight);
        for (index, serial) in serials.iter().enumerate() {
            let device =
                DeviceToImport::new(serial.parse().unwrap(), "A".repeat(hash_bytes).parse().unwrap());
            outbox.push(QueuedDevice::new(index, &device));
        }
        outbox
    }

    fn devices(queued: Option<QueuedRequest>) -> Vec<usize> {
        queued.map_or_else(Vec::new, |queued| queued.devices)
    }

    #[test]
    fn requests_are_as_large_as_count_room_and_bytes_allow() {
        let many: Vec<String> = (0..10).map(|n| format!("S{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let sizes = |chunk_size, max_in_flight, hash| {
            let mut outbox = outbox(chunk_size, max_in_flight, &many, hash);
            let mut sizes = Vec::new();
            while let Some(queued) = outbox.next(SECOND, 0) {
                sizes.push(queued.devices.len());
            }
            sizes
        };
        assert_eq!(sizes(4, 100, 4000), [4, 4, 2]);
        assert_eq!(sizes(4, 3, 4000), [3, 3, 3, 1]);
        assert_eq!(sizes(0, 0, 4000), [1; 10]);
        assert_eq!(sizes(100, 100, 1 << 20), [2; 5], "a request stays below 3 MiB");
        assert_eq!(sizes(100, 100, 4 << 20), [1; 10], "and a device that is larger goes alone");
    }

    #[test]
    fn a_request_waits_until_there_is_room_for_the_whole_of_it() {
        let mut outbox = outbox(2, 3, &["A", "B", "C"], 4);
        assert_eq!(devices(outbox.next(SECOND, 0)), [0, 1]);
        assert!(outbox.next(SECOND, 3).is_none());
        assert_eq!(devices(outbox.next(SECOND, 2)), [2]);
    }

    #[test]
    fn devices_of_one_serial_number_follow_each_other_and_keep_no_other_from_going() {
        let mut outbox = outbox(10, 100, &["A", "a", "B", "A"], 4);
        assert_eq!(devices(outbox.next(SECOND, 0)), [0, 2]);
        outbox.serial_is_pending(&"A".parse().unwrap(), true);
        assert!(outbox.next(SECOND, 2).is_none());
        outbox.serial_is_pending(&"A".parse().unwrap(), false);
        assert_eq!(devices(outbox.next(SECOND, 0)), [1]);
        assert_eq!(devices(outbox.next(SECOND, 0)), [3]);
    }

    #[test]
    fn what_was_not_taken_goes_first_after_growing_waits_and_a_refused_request_in_halves() {
        let mut outbox = outbox(3, 100, &["A", "B", "C", "D"], 4);
        let mut now = SECOND;
        let mut waits = Vec::new();
        let mut queued = outbox.next(now, 0).unwrap();
        for asked in [None, None, Some(SECOND * 100), None, None, None, None, None, None] {
            let wait = outbox.hold(queued, now, asked);
            waits.push(wait.as_millis());
            assert!(outbox.next(now, 0).is_none(), "nothing overtakes it");
            now += wait;
            assert_eq!(outbox.held_until(), Some(now));
            queued = outbox.next(now, 0).unwrap();
        }
        assert_eq!(waits, [5000, 7500, 100_000, 16_875, 25_312, 37_968, 56_953, 60_000, 60_000]);
        outbox.halve(queued);
        assert_eq!(devices(outbox.next(now, 0)), [0]);
        assert_eq!(devices(outbox.next(now, 0)), [1, 2]);
        assert_eq!(devices(outbox.next(now, 0)), [3]);
    }
}
