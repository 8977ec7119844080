import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { Button, Form } from "react-aria-components";
import { callApi } from "../api/client.ts";
import { readHashToken, signIn } from "../api/session.ts";
import { t } from "../messages/en.ts";
import { Field } from "../ui/field.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { SignInFrame } from "./sign-in.tsx";
import { useEntry } from "./use-entry.ts";

/** The link in the log of a new server: it makes the first admin. */
export function SetUp() {
  const router = useRouter();
  const [token] = useState(readHashToken);
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const entry = useEntry(async () => {
    await signIn("POST /v1/auth/setup/", { token: token ?? "", email, name, password });
    router.history.replace("/");
  });
  if (token === null) return <NoToken title={t.signIn.setUp} />;
  return (
    <SignInFrame title={t.signIn.setUp} lead={t.signIn.setUpLead}>
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          entry.mutate();
        }}
      >
        <Field label={t.signIn.name} autoComplete="name" isRequired value={name} onChange={setName} />
        <Field
          label={t.signIn.email}
          type="email"
          autoComplete="username"
          isRequired
          value={email}
          onChange={setEmail}
        />
        <Field
          label={t.signIn.newPassword}
          type="password"
          autoComplete="new-password"
          isRequired
          value={password}
          onChange={setPassword}
        />
        {entry.error === null ? null : <Failure error={entry.error} />}
        <Button className="button primary" type="submit" isDisabled={entry.isPending}>
          {t.signIn.setUpOpen}
        </Button>
      </Form>
    </SignInFrame>
  );
}

/** The link of an invitation. A password is a choice: without one, codes come by e-mail. */
export function Invitation() {
  const router = useRouter();
  const [token] = useState(readHashToken);
  const invitation = useQuery({
    queryKey: ["invitation", token],
    enabled: token !== null,
    retry: false,
    queryFn: () =>
      callApi(
        "POST /v1/auth/invitation/open/",
        { token: null, workspace: "" },
        { body: { token: token ?? "" } },
      ),
  });
  const [typed, setName] = useState<string | null>(null);
  const [password, setPassword] = useState("");
  const name = typed ?? invitation.data?.name ?? "";
  const entry = useEntry(async () => {
    await signIn("POST /v1/auth/invitation/", {
      token: token ?? "",
      name,
      password: password === "" ? null : password,
    });
    router.history.replace("/");
  });
  if (token === null) return <NoToken title={t.signIn.invitation} />;
  if (invitation.data === undefined) {
    return (
      <SignInFrame title={t.signIn.invitation}>
        {invitation.error === null ? <Loading /> : <Failure error={invitation.error} />}
      </SignInFrame>
    );
  }
  return (
    <SignInFrame
      title={t.signIn.invitation}
      lead={t.signIn.invitationLead(invitation.data.invited_by, invitation.data.email)}
    >
      <Form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          entry.mutate();
        }}
      >
        <Field label={t.signIn.name} autoComplete="name" isRequired value={name} onChange={setName} />
        <Field
          label={t.signIn.newPassword}
          help={t.signIn.newPasswordHelp}
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
        />
        {entry.error === null ? null : <Failure error={entry.error} />}
        <Button className="button primary" type="submit" isDisabled={entry.isPending}>
          {t.signIn.accept}
        </Button>
      </Form>
    </SignInFrame>
  );
}

function NoToken({ title }: { title: string }) {
  return (
    <SignInFrame title={title}>
      <p>{t.signIn.noLink}</p>
    </SignInFrame>
  );
}
