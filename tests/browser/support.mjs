// Shared by the browser tests: a served tenant, Chromium, the examples, and the accessibility check.
//
// `.ci/browser` installs the packages, builds the programs and runs the tests; by hand, AUTOPILOT_BIN names the folder of
// `autopilot-sim` and of `examples/`.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

import { chromium } from 'playwright-core'

export const BIN = process.env.AUTOPILOT_BIN ?? path.resolve(import.meta.dirname, '../../target/debug')
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/// The application that `autopilot-sim` registers, with and without its secret.
export const APP = '5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f'

/// The name of another site, which Chromium resolves to this machine.
export const FOREIGN_HOST = 'evil.test'

/// The name of a site that Chromium resolves to another loopback address.
export const REBOUND_HOST = 'rebound.test'

/// The time that a program or a page has.
const LIMIT = 30_000

/// Starts a program; `lines` has its output so far, and `ended` settles with its exit code.
export function start(command, options, env = {}) {
    const child = spawn(command, options, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const program = { child, output: '', waiting: [] }
    for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', line => {
            program.output += `${line}\n`
            program.waiting.forEach(look => look())
        })
    }
    program.ended = once(child, 'close').then(([code]) => code)
    program.ended.then(() => program.waiting.forEach(look => look(true)))
    /// Waits for output that matches.
    program.says = pattern => new Promise((resolve, reject) => {
        const look = ended => {
            const found = program.output.match(pattern)
            if (found) resolve(found)
            else if (ended) reject(new Error(`${command} ended without ${pattern}:\n${program.output}`))
        }
        program.waiting.push(look)
        look(child.exitCode !== null)
    })
    return program
}

/// Serves a tenant with HTTP and HTTPS until the test ends.
export async function serve(test, ...options) {
    const folder = await mkdtemp(path.join(tmpdir(), 'autopilot-'))
    const began = performance.now()
    const program = start(path.join(BIN, 'autopilot-sim'), ['--port', '0', '--tls', folder, ...options])
    test.after(async () => {
        program.child.kill()
        await program.ended
        await rm(folder, { recursive: true })
    })
    const [, port] = await program.says(/served at https:\/\/127\.0\.0\.1:(\d+)/)
    const [, tenant] = await program.says(/^tenant (\S+)/m)
    const certificate = path.join(folder, 'ca.pem')
    const plain = `http://127.0.0.1:${port}`
    /// Calls the control API as a program does.
    const control = async (method, path, body) => {
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(`${plain}/_sim${path}`, { method, headers, body: body && JSON.stringify(body) })
        const value = await answer.json()
        assert.equal(answer.status, 200, JSON.stringify(value))
        return value
    }
    await control('GET', '')
    const startMilliseconds = performance.now() - began
    return { program, port, tenant, plain, url: `https://127.0.0.1:${port}`, certificate, control, startMilliseconds }
}

/// Opens a window of Chromium, which trusts the authority of `server`, until the test ends.
export async function open(test, server, options = {}) {
    const authority = server && new X509Certificate(await readFile(server.certificate))
    const key = authority?.publicKey.export({ type: 'spki', format: 'der' })
    const pin = key && createHash('sha256').update(key).digest('base64')
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: [
            '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--no-proxy-server',
            '--disable-background-networking', '--disable-component-update', '--disable-sync',
            `--host-resolver-rules=MAP ${FOREIGN_HOST} 127.0.0.1, MAP ${REBOUND_HOST} 127.0.0.2`,
            ...(pin ? [`--ignore-certificate-errors-spki-list=${pin}`] : []),
        ],
    })
    test.after(() => browser.close())
    const page = await browser.newPage(options)
    page.setDefaultTimeout(LIMIT)
    return page
}

/// Runs an example on a served tenant. `address()` is the address that it opened in the browser.
export async function runExample(test, server, name, options, env = {}) {
    const opened = []
    const waiting = []
    // The system's browser is a program that brings the address here.
    const desk = createServer((request, answer) => {
        let body = ''
        request.on('data', part => body += part).on('end', () => {
            answer.end()
            waiting.length ? waiting.shift()(body) : opened.push(body)
        })
    })
    desk.listen(0, '127.0.0.1')
    await once(desk, 'listening')
    const browser = `curl --silent --noproxy * --data-raw %s http%c//127.0.0.1%c${desk.address().port}/`
    const program = start(path.join(BIN, 'examples', name), ['--live', '--browser', ...options], {
        AUTOPILOT_TENANT_ID: server.tenant,
        AUTOPILOT_CLIENT_ID: APP,
        AUTOPILOT_ENDPOINT: server.url,
        AUTOPILOT_CA: server.certificate,
        BROWSER: browser,
        ...env,
    })
    test.after(async () => {
        program.child.kill()
        await program.ended
        desk.close()
    })
    program.address = () => Promise.race([
        new Promise(resolve => opened.length ? resolve(opened.shift()) : waiting.push(resolve)),
        program.ended.then(() => assert.fail(`${name} ended without a browser:\n${program.output}`)),
    ])
    return program
}

/// Checks a page with axe: it has to find nothing. The script does not come as an element, which a page may forbid.
export async function checkAccessibility(page) {
    await page.evaluate(await readFile(AXE, 'utf8'))
    const { violations } = await page.evaluate(() =>
        globalThis.axe.run(document, { rules: { 'target-size': { enabled: true } } }))
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map(node => node.html)})`)
    assert.deepEqual(found, [])
}
