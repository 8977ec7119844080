import { useQueryClient } from "@tanstack/react-query";
import { BellRing } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, FieldError, Form, Input, Label, TextField } from "react-aria-components";
import { readToken, writeToken } from "../api/session.ts";
import { t } from "../messages/en.ts";
import { Code } from "../ui/code.tsx";

/** The way in, with a service token: what the CLI prints at the first start, or makes. */
export function SignIn({ refused }: { refused: string | null }) {
  const client = useQueryClient();
  const [token, setToken] = useState("");
  useEffect(() => {
    document.title = `${t.signIn.title} · ${t.name}`;
  }, []);
  return (
    <main className="sign-in">
      <span className="wordmark">
        <BellRing aria-hidden />
        {t.name}
      </span>
      <div className="card stack">
        <div>
          <h1>{t.signIn.title}</h1>
          <p className="soft">{t.signIn.lead}</p>
        </div>
        <Form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            writeToken(token.trim());
            void client.invalidateQueries({ queryKey: ["workspaces"] });
          }}
        >
          <TextField
            className="field"
            name="token"
            type="password"
            autoComplete="current-password"
            isRequired
            isInvalid={refused !== null && token === ""}
            value={token}
            onChange={setToken}
            // The one thing to do on this page.
            // oxlint-disable-next-line jsx-a11y/no-autofocus
            autoFocus
          >
            <Label>{t.signIn.token}</Label>
            <Input className="input" />
            <FieldError className="field-error">
              {({ validationErrors }) => (readToken() === null ? validationErrors.join(" ") : refused)}
            </FieldError>
          </TextField>
          <Button className="button primary" type="submit">
            {t.signIn.open}
          </Button>
        </Form>
        <div className="stack tight">
          <span className="small soft">{t.signIn.noToken}</span>
          <Code text="npx carillon keys --new-service-token me" label={t.signIn.command} />
        </div>
      </div>
    </main>
  );
}
