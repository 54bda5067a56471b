/** The few helpers that the page is written with. */

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** @param headings of the columns @param rows the first cell of each is its heading; cells are HTML */
export function table(caption: string, headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = headings.map((heading) => `<th scope="col">${heading}</th>`).join("");
  const body = rows.map(([first, ...rest]) => {
    return `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  });
  return `<div class="scroll"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead>
<tbody>${body.join("\n")}</tbody></table></div>`;
}

export function section(heading: string, ...parts: string[]): string {
  return `<section><h2>${heading}</h2>\n${parts.join("\n")}\n</section>`;
}

/** @param text is escaped */
export function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`;
}

/** What the colours of the given classes stand for. */
export function legend(...entries: (readonly [className: string, name: string])[]): string {
  return `<ul class="legend">${entries.map(([className, name]) => `<li class="${className}">${name}</li>`).join("")}</ul>`;
}

/** Two blocks side by side where the page is wide enough, one below the other where it is not. */
export function columns(left: string, ...right: string[]): string {
  return `<div class="columns"><div>${left}</div>\n<div>${right.join("\n")}</div></div>`;
}
