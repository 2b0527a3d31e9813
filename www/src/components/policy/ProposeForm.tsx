import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { ownedTenants, tenantWords, whyNotPropose } from "../../lib/release-rules";
import { proposeFault, proposeRelease, working } from "../../services/policy-releases";
import { currentMe } from "../../services/session";
import { Button } from "../common/Button";
import { Notice } from "../common/Notice";
import { TickedLine } from "../common/TickedLine";

/** Proposes a policy from its text; the host compiles it, and says what is wrong at its line. */
export function ProposeForm(): JSX.Element | null {
  const [open, setOpen] = useState(false);
  const [source, setSource] = useState("");
  const [reason, setReason] = useState("");
  const me = currentMe();
  const tenants = me === null ? [] : [...new Set(ownedTenants(me))];
  const [tenant, setTenant] = useState(tenants[0] ?? "*");
  const helpId = useId();
  if (tenants.length === 0) return null;
  const whyNot = whyNotPropose(source, working.value !== null);
  const fault = proposeFault.value;
  const close = (): void => {
    proposeFault.value = null;
    setOpen(false);
  };
  const send = async (): Promise<void> => {
    const told = reason.trim();
    if (!(await proposeRelease({ tenant_id: tenant, source, ...(told === "" ? {} : { reason: told }) }))) return;
    setSource("");
    setReason("");
    close();
  };
  if (!open) {
    return (
      <div class="policy__part">
        <div>
          <Button onPress={() => setOpen(true)}>Propose a policy</Button>
        </div>
      </div>
    );
  }
  return (
    <section class="policy__part" aria-labelledby="propose-title">
      <h2 id="propose-title">Propose a policy</h2>
      <form
        class="policy-card"
        onSubmit={(event) => {
          event.preventDefault();
          if (whyNot === null) void send();
        }}
      >
        {tenants.length > 1 && (
          <label class="move__field">
            <span>For</span>
            <select class="field" value={tenant} onChange={(event) => setTenant(event.currentTarget.value)}>
              {tenants.map((one) => (
                <option key={one} value={one}>
                  {tenantWords(one)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label class="move__field">
          <span>File</span>
          <input
            class="field"
            type="file"
            accept=".toml,text/plain"
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? [];
              if (file !== undefined) void file.text().then(setSource);
            }}
          />
        </label>
        <label class="move__field">
          <span>
            Policy <small class="soft">as TOML{tenant === "*" ? "" : ", an overlay"}</small>
          </span>
          <textarea class="field policy__source" rows={8} spellcheck={false} value={source} onInput={(event) => setSource(event.currentTarget.value)} />
        </label>
        <label class="move__field">
          <span>
            Why <small class="soft">(optional)</small>
          </span>
          <textarea class="field" rows={2} maxLength={8_000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        {fault !== null && (
          <Notice tone="bad" title={fault.title}>
            <TickedLine text={fault.detail} />
          </Notice>
        )}
        <div class="policy__buttons">
          <Button look="primary" whyNot={whyNot} whyNotId={helpId} onPress={() => void send()}>
            Propose
          </Button>
          <Button onPress={close}>Cancel</Button>
        </div>
        {whyNot !== null && (
          <p class="soft policy__why" id={helpId}>
            {whyNot}
          </p>
        )}
      </form>
    </section>
  );
}
