import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { historyLines } from "../../../lib/history-words";
import { HistoryList } from "../../common/HistoryList";
import { useDesk } from "../desk-context";

export function HistorySection(): JSX.Element {
  const history = useDesk().reply.value?.history;
  const lines = useMemo(() => historyLines(history ?? []), [history]);
  return <HistoryList lines={lines} />;
}
