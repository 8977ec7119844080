import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { Button, Form } from "react-aria-components";
import { t } from "../messages/en.ts";
import { Filter } from "./filter.tsx";

/** Opens the page of what has an id. */
export function IdForm({ label, pathOf }: { label: string; pathOf: (id: string) => string }) {
  const { history } = useRouter();
  const [id, setId] = useState("");
  return (
    <Form
      className="query"
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim() !== "") history.push(pathOf(id.trim()));
      }}
    >
      <Filter value={id} onChange={setId} label={label} />
      <Button className="button" type="submit">
        {t.common.open}
      </Button>
    </Form>
  );
}
