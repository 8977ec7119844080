/*
 * What the hosted preference page does for readers whose browser runs scripts: it sends the page's own forms without
 * leaving the page, and puts in what the server answers. All that it needs is in the page; `npm run gen` makes of it
 * `src/preferences/hosted/script.gen.ts`.
 */
async function send(form: HTMLFormElement, button: HTMLButtonElement): Promise<void> {
  const body = new URLSearchParams([[button.name, button.value]]);
  flip(button);
  try {
    const answer = await fetch(form.action, { method: "POST", body, cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.text(), button.id);
  } catch {
    flip(button);
    const said = document.querySelector("#said");
    if (said !== null) said.textContent = form.dataset.failed ?? "";
  }
}

/** Shows at once what the reader wants; the answer, or its absence, sets it right. */
function flip(button: HTMLButtonElement): void {
  for (const name of ["aria-checked", "aria-pressed"]) {
    const before = button.getAttribute(name);
    if (before !== null) button.setAttribute(name, before === "true" ? "false" : "true");
  }
}

/** The live region stays the same element, so that screen readers say what is new in it. */
function show(text: string, focus: string): void {
  // Without its head, whose style has a nonce that this page's policy does not know.
  const main = text.slice(text.indexOf("<main"), text.lastIndexOf("</main>"));
  const next = new DOMParser().parseFromString(main, "text/html");
  const [choices, now] = [next.querySelector("#choices"), document.querySelector("#choices")];
  if (choices === null || now === null) throw new Error("this is another page");
  const [said, news] = [now.querySelector("#said"), choices.querySelector("#said")];
  if (said !== null && news !== null) {
    news.replaceWith(document.createElement("i"));
    now.replaceChildren(...choices.childNodes);
    now.querySelector("i")?.replaceWith(said);
    said.replaceChildren(...news.childNodes);
  }
  // What was undone is gone with its button: the switch that it changed is the place to go on.
  const target =
    focus === "undo" ? document.querySelector<HTMLElement>("#said button") : document.getElementById(focus);
  target?.focus({ preventScroll: true });
  filter();
}

function filter(): void {
  const field = document.querySelector<HTMLInputElement>("#q");
  if (field === null) return;
  const wanted = field.value.trim().toLocaleLowerCase(document.documentElement.lang);
  let found = 0;
  for (const card of document.querySelectorAll<HTMLElement>("#choices li[id^=c-]")) {
    const text = (card.querySelector(".row")?.textContent ?? "").toLocaleLowerCase(
      document.documentElement.lang,
    );
    card.hidden = !text.includes(wanted);
    if (!card.hidden) found++;
  }
  for (const list of document.querySelectorAll<HTMLElement>("#choices .list")) {
    const cards = [...list.querySelectorAll<HTMLElement>("li[id^=c-]")];
    const isEmpty = cards.length > 0 && cards.every(({ hidden }) => hidden);
    list.hidden = isEmpty;
    let above = list.previousElementSibling;
    while (above instanceof HTMLElement && !above.matches(".list")) {
      above.hidden = isEmpty;
      above = above.previousElementSibling;
    }
  }
  const none = document.querySelector<HTMLElement>("#none");
  if (none !== null) none.hidden = found > 0;
}

document.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (!(target instanceof HTMLFormElement)) return;
  if (target.id === "choices" && submitter instanceof HTMLButtonElement) {
    event.preventDefault();
    void send(target, submitter);
  }
  if (target.getAttribute("role") === "search") event.preventDefault();
});
document.addEventListener("input", ({ target }) => {
  if (target instanceof HTMLInputElement && target.id === "q") filter();
});
document.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLSelectElement && target.id === "lang") target.form?.submit();
});
