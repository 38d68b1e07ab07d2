// Sign-in with the browser: an example of this crate, Chromium, and a served tenant.
import assert from 'node:assert/strict'
import { createServer, request as send } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { APP, checkAccessibility, open, runExample, serve } from './support.mjs'

const ADMIN = 'grace@contoso.onmicrosoft.com'
const GROUP = 'Intune users'
const SETTINGS = fileURLToPath(new URL('enrollment.toml', import.meta.url))
const OTHER_TENANT = '0f7b6f2a-1c3d-4e5f-8a9b-0c1d2e3f4a5b'

/// Serves a tenant that takes no tokens but its own, with a person and a group.
async function prepared(test) {
    const server = await serve(test, '--strict-tokens')
    const users = [{ userPrincipalName: 'adele@contoso.onmicrosoft.com' }, { userPrincipalName: ADMIN }]
    await server.control('POST', '/seed', { version: 1, users, groups: [{ displayName: GROUP }] })
    return server
}

/// Signs in on the page of the authorization endpoint.
async function pick(page, decision = 'Sign in') {
    await page.getByLabel('Sign in as').selectOption(ADMIN)
    await page.getByRole('button', { name: decision }).click()
}

const heading = page => page.getByRole('heading').innerText()

/// Whether each authorization code of the tenant was redeemed.
async function redeemed(server) {
    const { state } = await server.control('GET', '/snapshot')
    return Object.values(state.state.auth.authorization_codes).map(code => code.redeemed)
}

test('a person signs in and sets what an application may not', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    const program = await runExample(test, server, 'apply', [SETTINGS, '--yes'])
    const address = new URL(await program.address())
    assert.equal(address.origin, server.url)
    assert.equal(address.searchParams.get('code_challenge_method'), 'S256')
    assert.match(address.searchParams.get('scope'), /\bopenid offline_access$/)

    await page.goto(address.href)
    await checkAccessibility(page)
    await pick(page)
    assert.equal(await heading(page), 'Signed in')
    assert.equal(new URL(page.url()).hostname, 'localhost')
    await checkAccessibility(page)
    assert.equal(await program.ended, 0, program.output)
    assert.match(program.output, /1 changes; 0 devices registered\.\nA second run would change 0 things\./)
    const { value } = await server.control('GET', '/requests')
    const last = value.at(-1)
    assert.deepEqual([last.method, last.status], ['GET', 200])
    assert.deepEqual(await redeemed(server), [true])
})

test('an example of the whole workflow plans by a sign-in with the browser', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    const program = await runExample(test, server, 'hybrid_join', [SETTINGS, '--plan'])
    await page.goto(await program.address())
    await pick(page)
    assert.equal(await heading(page), 'Signed in')
    const code = await program.ended
    assert.ok([3, 4].includes(code), program.output)
    assert.match(program.output, new RegExp(server.tenant))
})

test('an answer with another state is passed over, and the right one still counts', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    const program = await runExample(test, server, 'apply', [SETTINGS, '--yes'])
    const address = await program.address()
    const redirect = new URL(address).searchParams.get('redirect_uri')
    for (const forged of ['/?code=canary&state=forged', '/?code=canary', '/?error=access_denied&state=']) {
        const answer = await page.goto(redirect + forged)
        assert.equal(answer.status(), 400, forged)
        assert.equal(await heading(page), 'Not expected')
    }
    assert.equal((await page.goto(`${redirect}/favicon.ico`)).status(), 404)
    await page.goto(address)
    await pick(page)
    assert.equal(await heading(page), 'Signed in')
    assert.equal(await program.ended, 0, program.output)
})

test('a redirect address that is not registered is shown and never followed', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    const program = await runExample(test, server, 'apply', [SETTINGS, '--browser-seconds=5'])
    const address = await program.address()
    const visited = []
    page.on('framenavigated', frame => visited.push(new URL(frame.url()).origin))
    for (const redirect of ['http://evil.test:8080/', 'https://localhost/', 'http://localhost.evil.test/', 'http://localhost/other']) {
        const forged = new URL(address)
        forged.searchParams.set('redirect_uri', redirect)
        const answer = await page.goto(forged.href)
        assert.equal(answer.status(), 400, redirect)
        assert.match(await page.innerText('main'), /AADSTS50011/)
    }
    assert.deepEqual(new Set(visited), new Set([server.url]))
    assert.equal(await program.ended, 1)
    assert.match(program.output, /no person signed in .*AADSTS50011.*http:\/\/localhost/s)
    assert.deepEqual(await redeemed(server), [])
})

test('a tenant that does not exist is shown in the browser', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    const env = { AUTOPILOT_TENANT_ID: OTHER_TENANT }
    const program = await runExample(test, server, 'apply', [SETTINGS, '--browser-seconds=3'], env)
    assert.equal((await page.goto(await program.address())).status(), 400)
    assert.match(await page.innerText('main'), /AADSTS90002: Tenant '0f7b6f2a-/)
    assert.equal(await program.ended, 1, program.output)
})

test('a person of another tenant is refused, and both tenants are named', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    // A sign-in service that lets in the people of any tenant, whichever the address names.
    const lenient = createServer((request, answer) => {
        const path = request.url.replace(OTHER_TENANT, 'organizations')
        const headers = { ...request.headers, 'x-forwarded-host': request.headers.host }
        const passed = send(`${server.plain}${path}`, { method: request.method, headers }, response => {
            answer.writeHead(response.statusCode, response.headers)
            response.pipe(answer)
        })
        request.pipe(passed)
    })
    lenient.listen(0, '127.0.0.1')
    await once(lenient, 'listening')
    test.after(() => lenient.close())
    const env = { AUTOPILOT_TENANT_ID: OTHER_TENANT, AUTOPILOT_ENDPOINT: `http://127.0.0.1:${lenient.address().port}` }
    const program = await runExample(test, server, 'apply', [SETTINGS, '--yes'], env)
    await page.goto(await program.address())
    await pick(page)
    assert.equal(await program.ended, 1)
    assert.match(program.output, new RegExp(`signed in to the tenant ${server.tenant}, not to ${OTHER_TENANT}`))
    const { value } = await server.control('GET', '/requests')
    assert.deepEqual(value.filter(request => request.path.startsWith('/v1.0') || request.path.startsWith('/beta')), [])
})

test('an answer after the deadline finds nobody, and its code is not redeemed', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    const program = await runExample(test, server, 'apply', [SETTINGS, '--browser-seconds=2'])
    await page.goto(await program.address())
    assert.equal(await program.ended, 1)
    assert.match(program.output, /no person signed in with the browser within 2s/)
    const failed = page.waitForEvent('requestfailed', request => request.url().startsWith('http://localhost:'))
    await pick(page)
    assert.match((await failed).failure().errorText, /ERR_CONNECTION_REFUSED/)
    assert.deepEqual(await redeemed(server), [false])
})

test('a person who cancels ends the program, which says why', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    const program = await runExample(test, server, 'apply', [SETTINGS])
    await page.goto(await program.address())
    await pick(page, 'Cancel')
    assert.equal(await heading(page), 'Not signed in')
    await checkAccessibility(page)
    assert.equal(await program.ended, 1)
    assert.match(program.output, /AADSTS65004/)
})

test('a person approves a device code on its page', async test => {
    const server = await prepared(test)
    const page = await open(test, server)
    const form = body => ({ method: 'POST', body: new URLSearchParams(body) })
    const base = `${server.plain}/organizations/oauth2/v2.0`
    const started = await (await fetch(`${base}/devicecode`, form({ client_id: APP, scope: 'openid' }))).json()
    await page.goto(started.verification_uri)
    await checkAccessibility(page)
    await page.getByLabel('Code').fill(started.user_code)
    await page.getByLabel('Sign in as').selectOption(ADMIN)
    await page.getByRole('button', { name: 'Approve' }).click()
    assert.equal(await heading(page), 'Done')
    await checkAccessibility(page)
    const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: APP, device_code: started.device_code }
    const token = await (await fetch(`${base}/token`, form(grant))).json()
    assert.equal(token.token_type, 'Bearer', JSON.stringify(token))
})
