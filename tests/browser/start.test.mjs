// The time that a served tenant takes to start.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { serve } from './support.mjs'

test('a tenant answers within a second after its program was started', async test => {
    const times = []
    for (let run = 0; run < 5; run++) {
        const { startMilliseconds } = await serve(test, '--proxy')
        times.push(Math.round(startMilliseconds))
    }
    console.log(`autopilot-sim --tls --proxy answered after ${times.join(', ')} ms`)
    assert.ok(Math.max(...times) < 1000, `${times}`)
})
