// The page of the sample app: its buttons ask the backend, and the element does the rest.
const inbox = document.querySelector("carillon-inbox");
const said = document.querySelector("#said");

for (const button of document.querySelectorAll("[data-kind]")) {
  button.addEventListener("click", () => void send(button));
}

async function send(button) {
  button.disabled = true;
  const answer = await fetch("send", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ kind: button.dataset.kind }),
  }).catch((error) => ({ ok: false, text: async () => error.message }));
  said.textContent = answer.ok ? "Accepted." : `It was not accepted: ${await answer.text()}`;
  button.disabled = false;
}

inbox.addEventListener("carillon:new", ({ detail }) => {
  said.textContent = `Arrived: ${detail.items.map(({ message }) => message.header).join(", ")}`;
});

const LANGUAGES =
  "en es fr de it pt-BR nl pl cs sk hu ro bg el sv da nb fi uk ru tr ar he hi id vi th ja ko zh-Hans".split(
    " ",
  );
const locale = document.querySelector("#locale");
for (const tag of LANGUAGES) {
  const name = new Intl.DisplayNames(tag, { type: "language" }).of(tag);
  locale.append(new Option(name, tag));
}
locale.addEventListener("change", () => inbox.setAttribute("locale", locale.value));

const theme = document.querySelector("#theme");
theme.addEventListener("change", () => {
  document.documentElement.dataset.theme = theme.value;
  inbox.setAttribute("theme", theme.value);
});
