// The control API and the pages of other origins: they can neither read nor drive it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import { test } from 'node:test'

import { FOREIGN_HOST, open, REBOUND_HOST, serve } from './support.mjs'

const BLANK = '<!doctype html><html lang=en><meta charset=utf-8><title>Another page</title><main></main></html>'

/// Tries in the page all that a page can; returns the answers that it could read.
const attack = async base => {
    const json = { 'content-type': 'application/json' }
    const seed = JSON.stringify({ version: 1, devices: [{ serialNumber: 'PWNED' }] })
    const tries = [
        ['/_sim', {}],
        ['/_sim/snapshot', { mode: 'no-cors' }],
        ['/_sim/snapshot', { credentials: 'include', headers: { authorization: 'Bearer any' } }],
        ['/_sim/reset', { method: 'POST' }],
        ['/_sim/reset', { method: 'POST', mode: 'no-cors' }],
        ['/_sim/reset', { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: '{}' }],
        ['/_sim/seed', { method: 'POST', headers: json, body: seed }],
        ['/_sim/seed', { method: 'POST', mode: 'no-cors', body: seed }],
        ['/_sim/clock', { method: 'POST', headers: json, body: '{"advanceSeconds":1e6}' }],
        ['/_sim/requests', { method: 'DELETE' }],
        ['/_sim/quirks', { method: 'PATCH', headers: json, body: '{"isofFilter":true}' }],
    ]
    const read = []
    for (const [path, options] of tries) {
        try {
            const answer = await fetch(base + path, options)
            const text = await answer.text()
            if (text) read.push(`${path}: ${answer.status} ${text}`)
        } catch (error) {
            if (!(error instanceof TypeError)) throw error
        }
    }
    navigator.sendBeacon(`${base}/_sim/reset`, new Blob(['{}'], { type: 'text/plain' }))
    // What a page can load without asking: none of it may come.
    const loads = (name, set) => new Promise(resolve => {
        const element = document.createElement(name)
        element.onload = () => resolve(true)
        element.onerror = () => resolve(false)
        set(element)
        document.body.append(element)
    })
    for (const name of ['script', 'img']) {
        if (await loads(name, element => { element.src = `${base}/_sim/snapshot` })) read.push(`${name} was loaded`)
    }
    if (await loads('link', element => { element.rel = 'stylesheet'; element.href = `${base}/_sim` })) read.push('style was loaded')
    // A form in a frame of its own, with and without an origin to name.
    for (const sandbox of [null, 'allow-forms allow-scripts']) {
        const posted = { reset: 'text/plain', seed: 'text/plain', clock: 'application/x-www-form-urlencoded' }
        for (const [path, kind] of Object.entries(posted)) {
            const form = `<form method=post enctype="${kind}" action="${base}/_sim/${path}"><input name='{"version":1,"x":"' value='"}'></form>`
            await loads('iframe', frame => {
                if (sandbox) frame.sandbox = sandbox
                frame.srcdoc = `${form}<script>document.forms[0].submit()</script>`
                // The second load is that of the answer.
                setTimeout(() => frame.dispatchEvent(new Event('load')), 300)
                frame.addEventListener('load', event => event.stopImmediatePropagation(), { once: true, capture: true })
            })
        }
    }
    return read
}

/// The state that a page would change.
async function stateOf(server) {
    const { devices, clock } = await server.control('GET', '')
    const { value } = await server.control('GET', '/requests')
    const quirks = await server.control('GET', '/quirks')
    return { devices, hour: clock.now.slice(0, 13), speed: clock.speed, requests: value.length > 0, isof: quirks.isofFilter }
}

async function prepared(test) {
    const server = await serve(test, '--speed', '0')
    await server.control('POST', '/seed', { version: 1, devices: [{ serialNumber: 'SN-1' }, { serialNumber: 'SN-2' }] })
    await fetch(`${server.plain}/v1.0/users`, { headers: { authorization: 'Bearer any' } })
    return server
}

test('a page of another origin neither reads nor drives the control API', async test => {
    const server = await prepared(test)
    const before = await stateOf(server)
    const other = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(BLANK))
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    test.after(() => other.close())
    const page = await open(test, server)
    for (const host of [FOREIGN_HOST, 'localhost', '127.0.0.1']) {
        for (const base of [server.plain, server.url, `http://localhost:${server.port}`]) {
            await page.goto(`http://${host}:${other.address().port}/`)
            // Graph is open to any page: the way to the server is free, and only the control API is closed.
            const graph = await page.evaluate(async base => {
                return (await fetch(`${base}/v1.0/users`, { headers: { authorization: 'Bearer any' } })).status
            }, base)
            assert.equal(graph, 200, `${host} to ${base}`)
            assert.deepEqual(await page.evaluate(attack, base), [], `${host} to ${base}`)
            assert.deepEqual(await stateOf(server), before, `${host} to ${base}`)
        }
    }
    // A form of the page itself, which the browser follows to the answer.
    await page.goto(`http://${FOREIGN_HOST}:${other.address().port}/`)
    await page.evaluate(base => {
        document.body.innerHTML = `<form method=post action="${base}/_sim/reset"><button>Win a prize</button></form>`
    }, server.plain)
    const [answer] = await Promise.all([
        page.waitForResponse(response => response.url().endsWith('/_sim/reset')),
        page.getByRole('button').click(),
    ])
    assert.equal(answer.status(), 403)
    assert.deepEqual(await stateOf(server), before)
})

test('a name that is bound to this machine later leads nowhere', async test => {
    const server = await prepared(test)
    const before = await stateOf(server)
    const page = await open(test, server)
    // The page comes from a server of its own; after that, the name leads to the tenant's server.
    const other = createServer((request, answer) => {
        if (request.url === '/') return answer.setHeader('content-type', 'text/html').end(BLANK)
        const { method, headers, url } = request
        const passed = send({ host: '127.0.0.1', port: server.port, method, headers, path: url }, response => {
            answer.writeHead(response.statusCode, response.headers)
            response.pipe(answer)
        })
        request.pipe(passed)
    })
    other.listen(server.port, '127.0.0.2')
    await once(other, 'listening')
    test.after(() => other.close())
    const own = await (await fetch(`http://127.0.0.2:${server.port}/_sim`)).json()
    assert.equal(own.tenantId, server.tenant, 'the way to the server is free')
    await page.goto(`http://${REBOUND_HOST}:${server.port}/`)
    const statuses = await page.evaluate(async () => {
        const json = { 'content-type': 'application/json' }
        const tries = [
            ['/_sim', {}], ['/_sim/snapshot', {}], ['/_sim/reset', { method: 'POST' }],
            ['/_sim/clock', { method: 'POST', headers: json, body: '{"advanceSeconds":1e6}' }],
            ['/v1.0/users', { headers: { authorization: 'Bearer any' } }],
            ['/_sim', { headers: { 'x-forwarded-host': 'localhost', 'x-forwarded-proto': 'http' } }],
        ]
        return Promise.all(tries.map(([path, options]) => fetch(path, options).then(answer => answer.status, error => error.message)))
    })
    assert.deepEqual(statuses, [421, 421, 421, 421, 421, 421])
    assert.deepEqual(await stateOf(server), before)
})

test('a page of the server itself drives the control API', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    for (const base of [server.plain, server.url]) {
        await page.goto(base)
        const overview = await page.evaluate(async () => (await fetch('/_sim')).json())
        assert.equal(overview.tenantId, server.tenant)
    }
    await page.evaluate(() => fetch('/_sim/reset', { method: 'POST' }))
    assert.equal((await server.control('GET', '')).devices, 0)
})
