import type { JSX } from "preact";
import { agreementWords, alarmWords, auditWords, certificateTitle, certificateWords, monitorName, monitorWords, percent } from "../../lib/watch-words";
import { reviewers, watchFault, watching } from "../../services/watching";
import type { CertificateView, Monitor, ReviewersReply } from "../../services/wire";
import { Moment } from "../common/Badges";
import { Notice } from "../common/Notice";

/** Alarms that stand: above everything else. */
export function Alarms(): JSX.Element | null {
  const alarms = watching.value?.monitors.filter(({ raised_at }) => raised_at !== null) ?? [];
  if (alarms.length === 0) return null;
  return (
    <section class="watch" aria-label="Alarms">
      {alarms.map((monitor) => (
        <Alarm key={monitor.monitor_id} monitor={monitor} />
      ))}
    </section>
  );
}

/** Whether confidence can be trusted: certificates, monitors, audits and reviewers. */
export function Watching(): JSX.Element | null {
  const found = watching.value;
  const fault = watchFault.value;
  if (found === null) {
    if (fault === null) return null;
    return (
      <Notice tone="bad" title="Monitors and certificates cannot be shown">
        {fault.title}. {fault.detail}
      </Notice>
    );
  }
  return (
    <section class="watch" aria-labelledby="watch-title">
      <h2 id="watch-title">Confidence</h2>
      <div class="measures">
        {found.certificates.length > 0 && <Certificates views={found.certificates} />}
        <Monitors monitors={found.monitors} audits={auditWords(found.audits)} />
        {reviewers.value !== null && <Reviewers reply={reviewers.value} />}
      </div>
    </section>
  );
}

function Alarm({ monitor }: { monitor: Monitor }): JSX.Element {
  return (
    <Notice tone="bad" title={alarmWords(monitor)}>
      {monitorWords(monitor)}. Raised {monitor.raised_at !== null && <Moment at={monitor.raised_at} />}; it stands until another policy is in force.
      {monitor.ended_certificate !== null && " The certificate has ended: a person decides."}
    </Notice>
  );
}

function Certificates({ views }: { views: readonly CertificateView[] }): JSX.Element {
  return (
    <article class="measure" aria-labelledby="certificates-title">
      <h3 class="measure__title" id="certificates-title">
        Certificates
      </h3>
      {views.map((view) => {
        const { state, detail } = certificateWords(view);
        return (
          <div key={`${view.risk_level} ${view.disposition}`} class="watch__item">
            <p>
              <b>{certificateTitle(view)}</b>: {state}.
            </p>
            <p class="soft">{detail}</p>
          </div>
        );
      })}
    </article>
  );
}

function Monitors({ monitors, audits }: { monitors: readonly Monitor[]; audits: string }): JSX.Element {
  return (
    <article class="measure" aria-labelledby="monitors-title">
      <h3 class="measure__title" id="monitors-title">
        Since the policy's release
      </h3>
      <p>Random audits: {audits}.</p>
      {monitors.length > 0 && (
        <dl class="watch__list">
          {monitors.map((monitor) => (
            <div key={monitor.monitor_id}>
              <dt>{monitorName(monitor)}</dt>
              <dd>{monitorWords(monitor)}</dd>
            </div>
          ))}
        </dl>
      )}
    </article>
  );
}

function Reviewers({ reply }: { reply: ReviewersReply }): JSX.Element {
  return (
    <article class="measure" aria-labelledby="reviewers-title">
      <h3 class="measure__title" id="reviewers-title">
        Reviewers
      </h3>
      <p>{agreementWords(reply)}.</p>
      <dl class="watch__list">
        {reply.reviewers.map(({ principal_id, name, judgements, sees_right, sees_wrong }) => (
          <div key={principal_id}>
            <dt>{name}</dt>
            <dd>
              {judgements} judged
              {sees_right !== null && sees_wrong !== null && `; calls ${percent(sees_right)} of right drafts right, ${percent(sees_wrong)} of wrong ones wrong`}
            </dd>
          </div>
        ))}
      </dl>
    </article>
  );
}
