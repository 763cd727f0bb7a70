import type { OpenApiDocument, OperationObject, Parameter, ResponseObject } from "../openapi/types.ts";
import { curlOf } from "./curl.ts";
import { escapeHtml, jsonHtml, proseHtml } from "./html.ts";
import { parameterHtml, schemaHtml, typeHtml } from "./schema-html.ts";
import { STYLE } from "./style.ts";

interface Place {
  readonly method: string;
  readonly path: string;
  readonly operation: OperationObject;
}

const placesOf = (document: OpenApiDocument, tag: string): readonly Place[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .map(([method, operation]) => ({ method, path, operation }))
      .filter(({ operation }) => operation.tags.includes(tag)),
  );

const parametersHtml = (operation: OperationObject, document: OpenApiDocument): string => {
  const all = operation.parameters.map((one): Parameter => {
    if ("name" in one) return one;
    return document.components["parameters"]?.[one.$ref.replace("#/components/parameters/", "")] as Parameter;
  });
  if (all.length === 0) return "";
  const rows = all.map(({ name, in: place, required, description, schema }) =>
    parameterHtml(name, place, required, description, schema),
  );
  return `<h4>Parameters</h4><table><tbody>${rows.join("")}</tbody></table>`;
};

const bodyHtml = ({ requestBody }: OperationObject): string => {
  if (requestBody === undefined) return "";
  const [first] = Object.values(requestBody.content);
  const types = Object.keys(requestBody.content).map((type) => `<code>${escapeHtml(type)}</code>`);
  const need = requestBody.required ? "" : " (may be left out)";
  return `<h4>Body${need}</h4><p>${types.join(", ")}: ${first === undefined ? "" : typeHtml(first.schema)}</p>`;
};

const responseHtml = (status: string, { description, content = {} }: ResponseObject): string => {
  const [first] = Object.values(content);
  const isProblem = "application/problem+json" in content;
  const shown = first === undefined || isProblem ? "" : `${typeHtml(first.schema)}${schemaHtml(first.schema)}`;
  const example =
    first?.example === undefined || isProblem
      ? ""
      : `<details><summary>Example</summary>${jsonHtml(first.example)}</details>`;
  return `<tr><th scope="row"><code>${status}</code></th><td><p>${proseHtml(description)}</p>${shown}${example}</td></tr>`;
};

const operationHtml = ({ method, path, operation }: Place, document: OpenApiDocument): string => {
  const { operationId: id, summary, description, responses, deprecated } = operation;
  const scope = operation["x-required-scope"];
  const rows = Object.entries(responses).map(([status, response]) => responseHtml(status, response));
  const need = scope === undefined ? "" : `<p><small>Scope <code>${scope}</code></small></p>`;
  return `<article id="${id}"><h3><a href="#${id}">${escapeHtml(summary)}</a>${deprecated === true ? " (deprecated)" : ""}</h3>
<p><code><span class="method">${method.toUpperCase()}</span> ${escapeHtml(path)}</code></p>
<p>${proseHtml(description)}</p>${need}
<pre>${escapeHtml(curlOf(method, path, operation, document))}</pre>
${parametersHtml(operation, document)}${bodyHtml(operation)}
<h4>Answers</h4><table><tbody>${rows.join("")}</tbody></table></article>`;
};

const schemasHtml = (document: OpenApiDocument): string =>
  Object.entries(document.components.schemas)
    .map(([name, schema]) => {
      const words = typeof schema["description"] === "string" ? proseHtml(schema["description"]) : "";
      return `<article id="schema-${name}"><h3><a href="#schema-${name}">${name}</a></h3><p>${words}</p>${schemaHtml(schema) || `<p>${typeHtml(schema)}</p>`}</article>`;
    })
    .join("\n");

/** The reference as a page: complete without scripts, and without anything from another server. */
export const referencePage = (document: OpenApiDocument): string => {
  const groups = document.tags.map(({ name, description }) => ({
    name,
    description,
    places: placesOf(document, name),
  }));
  const links = groups.map(({ name, places }) => {
    const items = places.map(
      ({ operation }) => `<li><a href="#${operation.operationId}">${escapeHtml(operation.summary)}</a></li>`,
    );
    return `<strong><a href="#tag-${name}">${name}</a></strong><ul>${items.join("")}</ul>`;
  });
  const sections = groups.map(
    ({ name, description, places }) =>
      `<section><h2 id="tag-${name}">${name}</h2><p>${proseHtml(description)}</p>${places.map((place) => operationHtml(place, document)).join("\n")}</section>`,
  );
  const { title, version, description } = document.info;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)} API</title><style>${STYLE}</style></head>
<body><a class="skip" href="#main">To the content</a><div class="page">
<nav aria-label="Operations">${links.join("\n")}<strong><a href="#schemas">Schemas</a></strong></nav>
<main id="main"><h1>${escapeHtml(title)} API <small>${escapeHtml(version)}</small></h1>
<p>${proseHtml(typeof description === "string" ? description : "")}</p>
<p>The same for programs: <a href="/openapi.json">/openapi.json</a>; in short: <a href="/llms.txt">/llms.txt</a>.
In the examples <code>$OPSCORE</code> is this server, such as <code>http://127.0.0.1:8000</code>, and <code>$KEY</code> its key.</p>
${sections.join("\n")}
<section><h2 id="schemas">Schemas</h2>${schemasHtml(document)}</section></main></div></body></html>`;
};
