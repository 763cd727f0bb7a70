/** The style of the reference. It stands in the page; the policy of the page names its digest. */
export const STYLE = `
:root{color-scheme:light dark;--line:light-dark(#d4d7dd,#3b404a);--soft:light-dark(#f4f5f7,#1d2026);--link:light-dark(#0b57d0,#8ab4f8)}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:light-dark(#fff,#14161a);color:light-dark(#1b1d21,#e4e6ea)}
a{color:var(--link)}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:1rem;background:var(--soft);padding:.5rem}
.page{display:grid;grid-template-columns:18rem minmax(0,1fr);gap:2rem;max-width:90rem;margin:0 auto;padding:0 1.5rem}
nav{position:sticky;top:0;max-height:100vh;overflow:auto;padding:1.5rem 0;font-size:.9rem}
nav ul{list-style:none;margin:0 0 1rem;padding:0}
main{padding:1.5rem 0 6rem}
article{border-top:1px solid var(--line);padding:1rem 0 2rem}
code,pre{font:.875em/1.5 ui-monospace,monospace}
pre{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.75rem;overflow:auto;max-height:30rem}
table{border-collapse:collapse;width:100%}
th,td{border-top:1px solid var(--line);padding:.4rem .6rem .4rem 0;text-align:left;vertical-align:top}
th{width:14rem;font-weight:500;overflow-wrap:anywhere}td td,td th{font-size:.95em}
td p{margin:.15rem 0}small{opacity:.8}summary{cursor:pointer}
.method{display:inline-block;min-width:4.5em;font-weight:700}
@media(max-width:60rem){.page{grid-template-columns:minmax(0,1fr)}nav{position:static;max-height:none}th{width:9rem}}
`;
