// The page of a report: opened as a file, without scripts, and served while devices deploy.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { asReady, at, bytesOf, fleet, pageOf } from './fleet.mjs'
import { BIN, checkAccessibility, open, start } from './support.mjs'

const MOST_BYTES = 2_000_000
const MOST_NODES = 3_000
/// The rows of a page on the screen.
const ROWS = 50

/// The elements and texts of a page.
const countNodes = page => page.evaluate(() => {
    const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT)
    let count = 0
    while (walker.nextNode()) count += walker.currentNode.nodeType === 1 || walker.currentNode.data.trim() ? 1 : 0
    return count
})

/// Opens a file in a window that may only show what goes wrong to the test.
async function openFile(test, file, options = {}) {
    const page = await open(test, undefined, { viewport: { width: 1280, height: 900 }, ...options })
    page.wrong = []
    page.on('pageerror', error => page.wrong.push(String(error)))
    page.on('console', message => message.type() === 'error' && page.wrong.push(message.text()))
    page.on('dialog', dialog => {
        page.wrong.push(`dialog ${dialog.message()}`)
        dialog.dismiss()
    })
    page.on('request', request => /^(file|data):/.test(request.url()) || page.wrong.push(request.url()))
    await page.goto(file.startsWith('file:') ? file : pathToFileURL(file).href)
    return page
}

/// Checks a page that is shown without scripts: axe is one, so it checks what such a page shows in a window that has them.
async function checkWithoutScripts(test, page, options) {
    const html = (await page.content()).replace(/<script[^]*?<\/script>/g, '').replace(/<(\/?)noscript>/g, '<$1div>')
    const copy = await openFile(test, page.url(), options)
    await copy.evaluate(html => document.replaceChild(
        document.adoptNode(new DOMParser().parseFromString(html, 'text/html').documentElement), document.documentElement), html)
    assert.equal(await copy.locator('.rows li').count(), await page.locator('.rows li').count())
    await checkAccessibility(copy)
    await copy.context().browser().close()
}

const rows = page => page.locator('#rows details')
const shown = page => page.locator('#shown').textContent()

for (const size of [0, 5, 500, 5000]) {
    test(`axe finds nothing on a page of ${size} devices, which is small`, async test => {
        const file = await pageOf(test, fleet(size))
        const bytes = await bytesOf(file)
        assert.ok(bytes <= MOST_BYTES, `${bytes} bytes`)
        for (const colorScheme of ['light', 'dark']) {
            for (const javaScriptEnabled of [true, false]) {
                const page = await openFile(test, file, { colorScheme, javaScriptEnabled })
                const nodes = await countNodes(page)
                console.log(`${size} devices, ${colorScheme}, ${javaScriptEnabled ? 'with' : 'without'} scripts: ${bytes} bytes, ${nodes} nodes`)
                assert.ok(nodes <= MOST_NODES, `${nodes} nodes`)
                if (javaScriptEnabled) await checkAccessibility(page)
                else await checkWithoutScripts(test, page, { colorScheme })
                if (size && javaScriptEnabled) {
                    assert.equal(await rows(page).count(), Math.min(size, ROWS))
                    await rows(page).first().locator('summary').click()
                    await page.locator('#rows details[open] .more').waitFor()
                    await checkAccessibility(page)
                }
                if (size && !javaScriptEnabled) assert.equal(await page.locator('.rows li').count(), Math.min(size, 500))
                const text = await page.locator('body').innerText()
                assert.ok(size || text.includes('A watch follows the devices that it is given'), text)
                assert.ok(javaScriptEnabled || !size || text.includes(`shows ${Math.min(size, 500)} of ${size} devices`), text)
                assert.deepEqual(page.wrong, [])
                await page.context().browser().close()
            }
        }
    })
}

test('a page with scripts has the counts and causes of the page without', async test => {
    const file = await pageOf(test, fleet(500))
    const parts = async javaScriptEnabled => {
        const page = await openFile(test, file, { javaScriptEnabled })
        return page.evaluate(() => {
            document.querySelectorAll('.card button').forEach(button => button.remove())
            const text = id => document.getElementById(id).textContent.replace(/\s+/g, ' ')
            return ['title', 'period', 'totals', 'problems', 'phases'].map(text).concat(document.title)
        })
    }
    const [drawn, written] = [await parts(true), await parts(false)]
    drawn.forEach((part, at) => assert.equal(part.replaceAll(' ', ''), written[at].replaceAll(' ', '')))
})

test('rows are searched, filtered and paged with the keyboard', async test => {
    const page = await openFile(test, await pageOf(test, fleet(5000)))
    assert.equal(await shown(page), 'Rows 1 to 50 of 5000 devices')
    const first = await rows(page).first().innerText()

    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the devices')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'query')
    await page.keyboard.type('pf000042')
    assert.equal(await shown(page), 'Rows 1 to 1 of 1 of 5000 devices')
    assert.match(await rows(page).first().innerText(), /PF000042/)
    for (let letter = 0; letter < 8; letter++) await page.keyboard.press('Backspace')
    assert.equal(await rows(page).first().innerText(), first)
    await page.keyboard.type('book watch.problem-7')
    assert.equal(await shown(page), 'Rows 1 to 14 of 14 of 5000 devices')
    for (const text of await rows(page).allInnerTexts()) assert.match(text, /Problem 7$/)
    await page.keyboard.press('Control+A')
    await page.keyboard.press('Delete')

    await page.keyboard.press('Tab')
    await page.keyboard.type('overdue')
    assert.equal(await shown(page), 'Rows 1 to 50 of 500 of 5000 devices')
    await page.keyboard.press('Tab')
    await page.keyboard.type('enrolled')
    assert.equal(await shown(page), 'No device matches')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    assert.equal(await shown(page), 'Rows 1 to 50 of 5000 devices', 'the filters are cleared')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'query')

    await page.locator('#next').focus()
    await page.keyboard.press('Enter')
    assert.equal(await shown(page), 'Rows 51 to 100 of 5000 devices')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'next')
    assert.notEqual(await rows(page).first().innerText(), first)
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Space')
    await page.keyboard.press('Space')
    assert.equal(await shown(page), 'Rows 1 to 50 of 5000 devices', 'there is nothing before the first page')
    assert.deepEqual(page.wrong, [])
})

test('a cause leads to its devices, a mark to its row, and an opened row says all', async test => {
    const page = await openFile(test, await pageOf(test, fleet(60)))
    await page.getByRole('button', { name: 'Show 6 devices' }).first().click()
    assert.equal(await shown(page), 'Rows 1 to 6 of 6 of 60 devices')
    for (const text of await rows(page).allInnerTexts()) assert.match(text, /overdue at device setup/)
    assert.match(await page.locator('#clear').textContent(), /device setup late/)

    await page.locator('.dots a[href="#d2"]').click()
    assert.equal(await shown(page).then(text => text.endsWith('of 60 devices')), true, 'the filters are cleared')
    const row = page.locator('#d2')
    const text = await row.innerText()
    for (const part of [
        'device setup', 'seen from 2026-01-01 08:32 UTC', 'enrolled', '2026-01-01 08:12 UTC, 20 min', '2026-01-01 10:12 UTC, by the documentation of',
        'failed at domain join until 2026-01-01 04:42 UTC, no connector: none is active', 'Next: wait; then sign in',
    ]) assert.ok(text.includes(part), `${part}: ${text}`)
    assert.equal(await page.evaluate(() => document.activeElement.id), 's2')
    await page.keyboard.press('Enter')
    assert.equal(await row.getAttribute('open'), null)

    // A page that is opened with the address of a row goes there.
    await page.goto(`${page.url().split('#')[0]}#d59`)
    await page.reload()
    assert.match(await page.locator('details[open]').innerText(), /PF000059/)
    assert.deepEqual(page.wrong, [])
})

test('targets are at least 24 pixels high and wide', async test => {
    const page = await openFile(test, await pageOf(test, fleet(500)))
    const small = await page.evaluate(() => [...document.querySelectorAll('main a, button, input, select, summary')]
        .map(target => [target.outerHTML, target.getBoundingClientRect()])
        .filter(([, { width, height }]) => width && (width < 24 || height < 24))
        .map(([html, { width, height }]) => `${html}: ${width} x ${height}`))
    assert.deepEqual(small, [])
})

test('a printed page has up to 500 rows and no controls', async test => {
    const page = await openFile(test, await pageOf(test, fleet(600)))
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    assert.equal(await rows(page).count(), 500)
    await page.emulateMedia({ media: 'print' })
    assert.equal(await page.locator('#controls').isVisible(), false)
    await page.evaluate(() => dispatchEvent(new Event('afterprint')))
    assert.equal(await rows(page).count(), ROWS)
    assert.ok((await page.pdf()).length > 10_000)
})

/// Opens a served page that asks ten times a second, in place of every five seconds.
async function openServed(test, url) {
    const page = await open(test)
    await page.addInitScript(() => {
        const real = globalThis.setTimeout
        globalThis.setTimeout = (act, wait) => real(act, wait === 5000 ? 100 : wait)
    })
    await page.goto(url)
    return page
}

/// Serves a page, and `report.json` beside it as `answer` says.
async function serve(test, file, answer) {
    const counts = { json: 0, html: 0 }
    const server = createServer(async (request, response) => {
        if (request.url === '/') {
            counts.html++
            return response.setHeader('content-type', 'text/html').end(await readFile(file))
        }
        counts.json += request.url === '/report.json' ? 1 : 0
        const body = request.url === '/report.json' ? answer() : undefined
        if (body === undefined) return response.writeHead(404).end()
        response.setHeader('content-type', 'application/json').end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    test.after(() => {
        server.closeAllConnections()
        server.close()
    })
    return { counts, url: `http://127.0.0.1:${server.address().port}/` }
}

test('a served page follows report.json, and keeps what is opened, focused and searched', async test => {
    const report = fleet(60)
    let answer = report
    const { counts, url } = await serve(test, await pageOf(test, report), () => answer)
    const page = await openServed(test, url)
    await page.evaluate(() => globalThis.isTheSame = true)
    await page.locator('#query').fill('pf')
    await page.locator('#s2').click()
    assert.match(await page.locator('#d2 .pill').textContent(), /device setup/)
    const totals = await page.locator('#totals').innerText()

    report.devices[2] = asReady(report.devices[2])
    report.ended = at(510)
    await page.locator('#d2.ready').waitFor()
    assert.notEqual(await page.locator('#totals').innerText(), totals)
    assert.equal(await page.locator('#d2').getAttribute('open'), '')
    assert.equal(await page.evaluate(() => document.activeElement.id), 's2')
    assert.equal(await page.locator('#query').inputValue(), 'pf')
    assert.match(await page.locator('#period').textContent(), /16:30 UTC/)

    for (const [wrong, expected] of [['<h1>', /cannot be read/], ['{"devices":7}', /it is not a deployment report/], [undefined, /the answer is 404/]]) {
        answer = wrong
        await page.locator('#note', { hasText: expected }).waitFor()
        assert.match(await page.locator('#note').textContent(), /state of 2026-01-01 16:30 UTC/)
        assert.equal(await rows(page).count(), ROWS, 'the last state stays')
    }
    answer = fleet(3)
    await page.locator('#note:empty').waitFor({ state: 'attached' })
    assert.equal(await shown(page), 'Rows 1 to 3 of 3 devices')
    assert.equal(await page.evaluate(() => globalThis.isTheSame), true, 'without a reload')
    assert.equal(counts.html, 1)
    await checkAccessibility(page)
})

test('a served page without report.json asks once', async test => {
    const { counts, url } = await serve(test, await pageOf(test, fleet(5)), () => undefined)
    const page = await openServed(test, url)
    while (!counts.json) await page.evaluate(() => new Promise(done => setTimeout(done, 50)))
    await page.evaluate(() => new Promise(done => setTimeout(done, 1000)))
    assert.equal(counts.json, 1)
    assert.equal(await page.locator('#note').textContent(), '')
})

const HOSTILE = [
    '<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', '</script><script>alert(1)</script>', "' onmouseover='alert(1)",
    '\u202Edrawkcab', '<!--<script>', '__proto__', 'javascript:alert(1)', '{{7*7}}',
]

test('text from outside does nothing, in the page and in report.json', async test => {
    const report = fleet(HOSTILE.length)
    report.title = HOSTILE[1]
    report.devices.forEach((device, at) => {
        const text = HOSTILE[at]
        Object.assign(device, { serial_number: text, outcome: 'failed' })
        device.facts = { ...device.facts, computer_name: text, group_tag: text, model: text }
        device.findings = [{ id: `watch.${text}`, severity: 'error', place: text, evidence: text, remedy: text }]
        device.earlier = [{ phase: 'enrolled', outcome: 'failed', until: '2026-01-01T00:00:00Z', cause: device.findings[0] }]
    })
    report.findings = HOSTILE.map(text => ({ id: `watch.${text}`, severity: 'warning', place: text, evidence: text, remedy: text }))
    const file = await pageOf(test, report)
    const changed = structuredClone(report)
    changed.ended = at(900)
    Object.assign(changed.devices[0], { phase: 'constructor', outcome: '__proto__', deadline: HOSTILE[0], deadline_source: 'toString' })
    const { url } = await serve(test, file, () => changed)
    const inspect = async page => {
        const rowsOf = await page.locator('#rows summary').all()
        for (const row of rowsOf) await row.click()
        const text = await page.locator('body').innerText()
        assert.ok(text.includes(HOSTILE[0]) && text.includes('\\u{202e}drawkcab'), text)
        assert.ok(!text.includes('\u202e'), 'no text turns the direction of another')
        assert.equal(await page.locator('img, [onerror], [onmouseover], iframe, script:not(#data):not(body > script)').count(), 0)
        assert.equal(await page.locator('script').count(), 2)
    }
    for (const javaScriptEnabled of [true, false]) {
        const page = await openFile(test, file, { javaScriptEnabled })
        await inspect(page)
        assert.deepEqual(page.wrong, [])
    }
    const page = await open(test)
    const dialogs = []
    page.on('dialog', dialog => dialogs.push(dialog.message()) && dialog.dismiss())
    await page.clock.install()
    await page.goto(url)
    await page.locator('#period', { hasText: '23:00 UTC' }).waitFor()
    await inspect(page)
    await checkAccessibility(page)
    assert.deepEqual(dialogs, [])
    // A script that stands in the page all the same is not run: its digest is another.
    await page.evaluate(() => {
        const script = document.createElement('script')
        script.textContent = 'globalThis.ran = true'
        document.body.append(script)
    })
    assert.equal(await page.evaluate(() => globalThis.ran), undefined)
})

test('a device that becomes ready changes on the served page without a reload', async test => {
    const program = start(path.join(BIN, 'examples', 'serve_report'), ['--stay', '--devices=12', '--speed=600'])
    test.after(async () => {
        program.child.kill()
        await program.ended
    })
    const [, url] = await program.says(/served at (http:\S+)/)
    const page = await open(test)
    await page.goto(url)
    await page.locator('#s0').waitFor()
    await page.evaluate(() => globalThis.isTheSame = true)
    assert.equal(await page.locator('#d0.ready').count(), 0)
    await page.locator('#d0.ready').waitFor()
    assert.equal(await page.evaluate(() => globalThis.isTheSame), true)
    await page.locator('.totals .in-progress.none').waitFor({ timeout: 120_000 })
    assert.match(await page.locator('#period').textContent(), /^12 devices/)
})

test('a page of 5,000 devices opens within a second', async test => {
    const file = await pageOf(test, fleet(5000))
    const times = []
    for (let run = 0; run < 5; run++) {
        const page = await openFile(test, file)
        times.push(Math.round(await page.evaluate(() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd)))
        await page.context().browser().close()
    }
    times.sort((a, b) => a - b)
    console.log(`report/open/5000_devices: ${times[2]} ms, ${await bytesOf(file)} bytes`)
    assert.ok(times[2] < 1000, `${times}`)
})
