import { useMutation, useQueryClient } from "@tanstack/react-query";
import { BellRing } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button, Form } from "react-aria-components";
import { type ApiError, callApi } from "../api/client.ts";
import { readToken, signIn, writeToken } from "../api/session.ts";
import { t } from "../messages/en.ts";
import { Code } from "../ui/code.tsx";
import { useEntry } from "./use-entry.ts";
import { Field } from "../ui/field.tsx";
import { Failure } from "../ui/states.tsx";

type Way = "password" | "code" | "token" | "local";

/** The ways in. They differ by what somebody has: a password, a mailbox, a token, or the server's own machine. */
export default function SignIn({ refused, isLocal }: { refused: string | null; isLocal: boolean }) {
  const [way, setWay] = useState<Way>(isLocal ? "local" : refused === null ? "password" : "token");
  const others = (["local", "password", "code", "token"] as const).filter(
    (one) => one !== way && (one !== "local" || isLocal),
  );
  return (
    <SignInFrame title={t.signIn.title}>
      {way === "local" ? <Locally /> : null}
      {way === "password" ? <WithPassword /> : null}
      {way === "code" ? <WithCode /> : null}
      {way === "token" ? <WithToken refused={refused} /> : null}
      <div className="stack tight">
        {others.map((one) => (
          <Button key={one} className="button quiet" onPress={() => setWay(one)}>
            {t.signIn.way[one]}
          </Button>
        ))}
      </div>
    </SignInFrame>
  );
}

export function SignInFrame({
  title,
  lead,
  children,
}: {
  title: string;
  lead?: string;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · ${t.name}`;
  }, [title]);
  return (
    <main className="sign-in">
      <span className="wordmark">
        <BellRing aria-hidden />
        {t.name}
      </span>
      <div className="card stack">
        <div>
          <h1>{title}</h1>
          {lead === undefined ? null : <p className="soft">{lead}</p>}
        </div>
        {children}
      </div>
    </main>
  );
}

function Locally() {
  const entry = useEntry(() => signIn("POST /v1/auth/local/", undefined));
  return (
    <div className="stack">
      <p className="soft">{t.signIn.locally}</p>
      {entry.error === null ? null : <Failure error={entry.error} />}
      <Button className="button primary" isDisabled={entry.isPending} onPress={() => entry.mutate()}>
        {t.signIn.open}
      </Button>
    </div>
  );
}

function WithPassword() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const second = useSecondFactor();
  const entry = useEntry(() => signIn("POST /v1/auth/password/", { email, password, ...second.fields }));
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        entry.mutate();
      }}
    >
      <Field
        label={t.signIn.email}
        type="email"
        autoComplete="username"
        isRequired
        value={email}
        onChange={setEmail}
      />
      <Field
        label={t.signIn.password}
        type="password"
        autoComplete="current-password"
        isRequired
        value={password}
        onChange={setPassword}
      />
      <SecondFactor second={second} error={entry.error} />
      <Button className="button primary" type="submit" isDisabled={entry.isPending}>
        {t.signIn.open}
      </Button>
    </Form>
  );
}

function WithCode() {
  const [email, setEmail] = useState("");
  const [challenge, setChallenge] = useState<string | null>(null);
  const [code, setCode] = useState("");
  const second = useSecondFactor();
  const request = useMutation<{ challenge: string }, ApiError>({
    mutationFn: () => callApi("POST /v1/auth/code/", { token: null, workspace: "" }, { body: { email } }),
    onSuccess: (reply) => setChallenge(reply.challenge),
  });
  const entry = useEntry(() =>
    signIn("POST /v1/auth/code/verify/", { email, challenge: challenge ?? "", code, ...second.fields }),
  );
  return (
    <Form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (challenge === null) request.mutate();
        else entry.mutate();
      }}
    >
      <Field
        label={t.signIn.email}
        type="email"
        autoComplete="username"
        isRequired
        isReadOnly={challenge !== null}
        value={email}
        onChange={setEmail}
      />
      {challenge === null ? (
        request.error === null ? null : (
          <Failure error={request.error} />
        )
      ) : (
        <>
          <Field
            label={t.signIn.code}
            help={t.signIn.codeHelp}
            autoComplete="one-time-code"
            inputMode="numeric"
            isRequired
            value={code}
            onChange={setCode}
          />
          <SecondFactor second={second} error={entry.error} />
        </>
      )}
      <Button className="button primary" type="submit" isDisabled={request.isPending || entry.isPending}>
        {challenge === null ? t.signIn.sendCode : t.signIn.open}
      </Button>
    </Form>
  );
}

function useSecondFactor() {
  const [code, setCode] = useState("");
  const isTotp = /^\d{6}$/.test(code.trim());
  return {
    code,
    setCode,
    fields: {
      totp: code !== "" && isTotp ? code.trim() : null,
      recovery_code: code !== "" && !isTotp ? code.trim() : null,
    },
  };
}

/** Asked for only by those who have set one up: the server says so. */
function SecondFactor({
  second: { code, setCode },
  error,
}: {
  second: ReturnType<typeof useSecondFactor>;
  error: ApiError | null;
}) {
  const isAsked = code !== "" || error?.code === "second_factor_required";
  return (
    <>
      {isAsked ? (
        <Field
          label={t.signIn.totp}
          help={t.signIn.totpHelp}
          autoComplete="one-time-code"
          value={code}
          onChange={setCode}
        />
      ) : null}
      {error === null || (error.code === "second_factor_required" && code === "") ? null : (
        <Failure error={error} />
      )}
    </>
  );
}

function WithToken({ refused }: { refused: string | null }) {
  const client = useQueryClient();
  const [token, setToken] = useState("");
  return (
    <>
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          writeToken(token.trim());
          setToken("");
          void client.invalidateQueries({ queryKey: ["workspaces"] });
          void client.invalidateQueries({ queryKey: ["session"] });
        }}
      >
        <Field
          label={t.signIn.token}
          type="password"
          autoComplete="off"
          isRequired
          value={token}
          onChange={setToken}
        />
        {refused !== null && readToken() !== null ? (
          <p className="field-error" role="alert">
            {refused}
          </p>
        ) : null}
        <Button className="button primary" type="submit">
          {t.signIn.open}
        </Button>
      </Form>
      <div className="stack tight">
        <span className="small soft">{t.signIn.noToken}</span>
        <Code text="npx carillon keys --new-service-token me" label={t.signIn.command} />
      </div>
    </>
  );
}
