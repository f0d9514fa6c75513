// The pages that a user sees: for a browser, and simple enough for a script.
import { html } from "./reply.mjs";

export const PASSWORD = "password of a test user";

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const page = (title, action, form) => html(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1>
<form method="post" action="${escaped(action)}">
${form}
</form></body></html>
`);

export const loginPage = (action, email) => page("Sign in", action,
    `<label>E-mail <input name="email" type="email" value="${escaped(email)}"></label>
<label>Password <input name="password" type="password" value="${escaped(PASSWORD)}"></label>
<button id="login">Sign in</button>`);

export const consentPage = (action, scope) => page("Allow access?", action,
    `<p>The application asks for: ${escaped(scope)}</p>
<button id="allow" name="answer" value="allow">Allow</button>
<button id="deny" name="answer" value="deny">Deny</button>`);
