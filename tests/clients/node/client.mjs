// Microsoft's JavaScript client with msal-node, through the proxy.
import { ConfidentialClientApplication } from '@azure/msal-node'
import { Client } from '@microsoft/microsoft-graph-client'
import { ProxyAgent, setGlobalDispatcher } from 'undici'

// fetch of Node.js 20 does not read HTTPS_PROXY by itself.
setGlobalDispatcher(new ProxyAgent(process.env.HTTPS_PROXY))
const app = new ConfidentialClientApplication({
  auth: {
    clientId: process.env.APP,
    clientSecret: process.env.SECRET,
    authority: `https://login.microsoftonline.com/${process.env.TENANT}`,
  },
})
const scopes = ['https://graph.microsoft.com/.default']
const graph = Client.initWithMiddleware({
  authProvider: { getAccessToken: async () => (await app.acquireTokenByClientCredential({ scopes })).accessToken },
})
const settings = { displayName: 'Autopilot', mailEnabled: false, mailNickname: 'autopilot', securityEnabled: true }
const made = await graph.api('/groups').post(settings)
const group = await graph.api(`/groups/${made.id}`).select('displayName').get()
const count = await graph.api('/groups/$count').header('ConsistencyLevel', 'eventual').get()
const refused = await graph.api('/groups/none').get().catch(error => error.statusCode)
console.log(JSON.stringify({ group: group.displayName, count: Number(count), refused }))
process.exit(0)
