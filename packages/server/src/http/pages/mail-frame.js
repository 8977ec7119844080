// Shows the HTML of one mail that the embedding page posts. Nothing of it runs, loads or leads anywhere: the policy of
// this page forbids scripts and requests, the sandbox forbids forms and pop-ups, and here goes what neither of them stops.
const ACTIVE =
  "script, iframe, frame, object, embed, base, link, meta[http-equiv], portal, form[action] > input[type=image]";

addEventListener("message", (event) => {
  if (event.source !== parent || typeof event.data?.html !== "string") return;
  const mail = new DOMParser().parseFromString(event.data.html, "text/html");
  for (const element of mail.querySelectorAll(ACTIVE)) element.remove();
  for (const element of mail.querySelectorAll("*")) {
    for (const { name } of Array.from(element.attributes)) {
      if (/^on|^(?:action|formaction|ping|srcdoc)$/i.test(name)) element.removeAttribute(name);
    }
  }
  const scheme = event.data.dark === true ? "dark" : "light";
  document.documentElement.style.colorScheme = scheme;
  document.head.replaceChildren(...mail.head.childNodes);
  document.body.replaceWith(mail.body);
  reportHeight();
});

// A link would put another page of this server, or a stranger's, in the place of the mail.
for (const type of ["click", "auxclick", "submit"]) {
  addEventListener(type, (event) => event.preventDefault(), { capture: true });
}

new ResizeObserver(reportHeight).observe(document.documentElement);
parent.postMessage({ mailFrame: "ready" }, "*");

function reportHeight() {
  parent.postMessage({ mailFrame: "height", height: document.documentElement.scrollHeight }, "*");
}
