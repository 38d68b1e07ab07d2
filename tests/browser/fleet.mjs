// Reports as `serde` writes them, of made-up devices, and their pages.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { BIN, start } from './support.mjs'

const STARTED = Date.parse('2026-01-01T08:00:00Z')
export const at = minute => new Date(STARTED + minute * 60_000).toISOString().replace('.000Z', 'Z')
const id = (number, kind) => `${String(number).padStart(8, '0')}-000${kind}-4000-8000-${String(number * 7919).padStart(12, '0')}`
const finding = (name, evidence) => ({ id: `watch.${name}`, severity: 'error', place: 'SN', evidence, remedy: `do what ends ${name}` })

/// A device: one in ten failed, one in ten overdue, one in ten in progress, and the others ready.
export function device(number) {
    const minute = number % 300
    const timeline = [
        { phase: 'registered', at: at(minute - 600), reported: false },
        { phase: 'profile_assigned', at: at(minute - 90), reported: false },
        { phase: 'enrolled', at: at(minute + 10), reported: true },
        { phase: 'device_setup', at: at(minute + 30), reported: false },
    ]
    const made = {
        id: id(number, 0), serial_number: `PF${String(number).padStart(6, '0')}`, phase: 'device_setup', since: at(minute + 30), timeline,
        deadline: null, deadline_source: null, findings: [],
        facts: {
            computer_name: `MUC-${number}`, manufacturer: 'Contoso', model: number % 3 ? 'Book 3' : 'Tower 9', group_tag: 'Munich',
            user_assigned: false, managed_device_id: id(number, 1), anchor_id: id(number, 2), hybrid_id: id(number, 3),
        },
    }
    const deadline = { deadline: at(minute + 130), deadline_source: ['page', 'settings', 'documentation', 'witness', 'assumption'][number % 5] }
    switch (number % 10) {
    case 0: return {
        ...made, outcome: 'failed', settled: at(minute + 50), ...deadline, phase: 'enrolled', since: at(minute + 10), timeline: timeline.slice(0, 3),
        findings: [finding(`problem-${number / 10 % (number < 1000 ? 15 : 60)}`, `evidence of ${number}`), finding('other-problem', 'more of it')],
    }
    case 1: return { ...made, outcome: 'overdue', settled: at(minute + 131), ...deadline, findings: [finding('device-setup-late', `it takes long: ${number}`)] }
    case 2: return {
        ...made, outcome: 'in_progress', ...deadline,
        earlier: [{ phase: 'enrolled', outcome: 'failed', until: at(minute - 200), cause: finding('no-connector', 'none is active') }],
    }
    default: return { ...made, outcome: 'ready', settled: at(minute + 75), ...ready(minute, timeline) }
    }
}
const ready = (minute, timeline) => ({
    phase: 'ready', since: at(minute + 75),
    timeline: [...timeline, { phase: 'account_setup', at: at(minute + 60), reported: true }, { phase: 'ready', at: at(minute + 75), reported: true }],
})

/// A device, after it became ready.
export const asReady = known => ({ ...known, outcome: 'ready', settled: at(400), ...ready(325, known.timeline.slice(0, 4)), findings: [] })

/// A report of `count` devices.
export const fleet = count => ({
    title: 'Munich, spring roll-out', started: at(0), ended: at(500), devices: Array.from({ length: count }, (_, number) => device(number)),
    findings: count ? [{ ...finding('source-unread', '403'), severity: 'warning', place: 'events' }] : [],
})

/// Writes the page of a report; returns the file's name.
export async function pageOf(test, report) {
    const folder = await mkdtemp(path.join(tmpdir(), 'report-'))
    test.after(() => rm(folder, { recursive: true }))
    const [json, html] = [path.join(folder, 'report.json'), path.join(folder, 'report.html')]
    await writeFile(json, JSON.stringify(report))
    const program = start(path.join(BIN, 'examples', 'watch'), [`--report=${json}`, `--html=${html}`])
    assert.ok([0, 4, 5].includes(await program.ended), program.output)
    return html
}

/// The bytes of a page.
export const bytesOf = async file => (await readFile(file)).length
