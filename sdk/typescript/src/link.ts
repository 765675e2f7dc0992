/** Reads `Link` headers (RFC 8288) as far as lists need them: which address has which relation. */
export function readLinks(header: string | null): Record<string, string> {
  const links: Record<string, string> = {};
  if (header === null) return links;
  for (const [, target, parameters] of header.matchAll(/<([^>]*)>((?:\s*;\s*[^,;="]+(?:="[^"]*"|=[^,;"]*)?)*)/g)) {
    const relations = /;\s*rel=(?:"([^"]*)"|([^\s,;"]+))/i.exec(parameters ?? "");
    for (const relation of (relations?.[1] ?? relations?.[2] ?? "").split(/\s+/)) {
      if (relation !== "" && target !== undefined) links[relation.toLowerCase()] ??= target;
    }
  }
  return links;
}
