import type { VerbGroup } from "./english.ts";

/** Verbs of German, French, Spanish, Portuguese, Italian, Turkish, Dutch and Russian, as descriptions begin with them. */
export const WORDS: { readonly [G in VerbGroup]: string } = {
  read: `
    abrufen abfragen anzeigen auflisten auslesen durchsuchen finden holt holen lesen liest listet suchen
    sucht ruft zeigt zeigen prüfen prüft ermitteln
    obtenir récupère récupérer récupérez obtient affiche afficher lister liste recherche rechercher chercher
    lire consulter consulte vérifier vérifie trouve trouver
    obtener obtiene obtén listar lista buscar busca leer lee consultar consulta mostrar muestra recuperar
    recupera verificar verifica encontrar devuelve
    obter obtém obtem pesquisar pesquisa ler lê exibir exibe mostra retorna busque liste
    ottieni ottenere ottiene elenca elencare cerca cercare leggi leggere mostrare visualizza recupera
    getir getirir listele listeler arar göster gösterir döndürür görüntüler
    ophalen haal zoeken zoek tonen toon lezen hämta hämtar sök
    получить получает получение найти поиск ищет список показать показывает показывает прочитать читает
    вернуть возвращает проверить просмотр`,
  write: `
    anlegen erstellen erstellt aktualisieren aktualisiert ändern ändert hinzufügen fügt speichern speichert
    bearbeiten schreiben schreibt senden sendet hochladen umbenennen verschieben
    créer crée créez mettre modifier modifie ajouter ajoute enregistrer enregistre envoyer envoie écrire
    écrit renommer déplacer téléverser
    crear crea actualizar actualiza modificar modifica agregar agrega añadir añade guardar guarda enviar
    envía envia escribir escribe editar renombrar mover subir
    criar cria atualizar atualiza adicionar adiciona salvar salva escrever escreve alterar altera renomear
    creare aggiorna aggiornare aggiungi aggiungere salva salvare invia inviare modificare scrivi
    oluştur oluşturur güncelle günceller ekle ekler kaydet kaydeder gönder gönderir düzenle düzenler
    değiştirir ayarlar kurar
    aanmaken maak bijwerken toevoegen opslaan skapa uppdatera
    создать создает создаёт создание обновить обновляет изменить изменяет добавить добавляет сохранить
    отправить отправляет записать записывает`,
  produce: "generieren generiert générer génère generar genera gerar gera generare сгенерировать генерирует",
  execute: `
    ausführen führt starten startet neustarten stoppen bereitstellen aufrufen
    exécuter exécute lancer lance démarrer démarre redémarrer arrêter déployer
    ejecutar ejecuta iniciar inicia reiniciar reinicia detener detiene desplegar despliega lanzar reactivar
    reactiva llamar
    executar executa reinicia parar implantar
    esegui eseguire avvia avviare
    çalıştır çalıştırır başlat başlatır durdur
    uitvoeren
    выполнить выполняет запустить запускает перезапустить остановить развернуть`,
  destructive: `
    löschen löscht entfernen entfernt vernichten widerrufen leeren stornieren
    supprimer supprime effacer efface retirer révoquer révoque annuler annule détruire vider
    eliminar elimina borrar borra quitar revocar revoca cancelar cancela vaciar destruir
    excluir exclui apagar apaga remover revogar
    elimina eliminare cancella cancellare rimuovi rimuovere revoca
    sil siler kaldır kaldırır iptal
    verwijderen verwijder radera
    удалить удаляет удаление стереть очистить очищает отозвать отменить`,
  financial: `
    bezahlen bezahlt zahlen überweisen überweist kaufen kauft verkaufen erstatten abbuchen
    payer paie rembourser rembourse acheter achète vendre virer
    pagar paga reembolsar reembolsa comprar compra vender vende cobrar cobra transferir
    pagare rimborsa rimborsare acquista vendere
    öde öder satın
    betalen betala köp
    оплатить оплачивает заплатить купить покупает продать вернуть_деньги перевести`,
};

/** Chinese, Japanese and Korean write no spaces: looked for as they are. */
export const SIGNS: { readonly [G in VerbGroup]: string } = {
  read: `
    获取 查询 搜索 列出 查看 读取 检索 返回 查找 显示 浏览 检查 分析 统计 規劃 规划 确定 計算 翻译 识别 预测 推荐 对比 验证 计算 比较 提取 抓取 解析 獲取 查詢 搜尋 讀取 取得 爬取
    下载
    検索 一覧 表示 参照 読み取 読み込 確認 分析し 計算し 返します
    조회 검색 목록 가져오 가져옵 확인 읽기 읽습 반환 분석`,
  write: `
    创建 新建 更新 修改 添加 保存 写入 编辑 上传 发送 发布 设置 移动 重命名 插入 复制 標記 标记 建立 創建 新增 关闭 归档 配置 切换
    作成 追加 変更 保存し 書き込 編集 送信 投稿 設定し アップロード
    생성 추가 수정 업데이트 저장 작성 전송 업로드 설정`,
  produce: "转换 轉換 生成 绘制 渲染 画像を生成 생성형",
  execute: `
    执行 运行 启动 停止 重启 部署 调用 触发 点击 导航 打开 安装 連線 執行 啟動 按下 滑动
    実行 起動 再起動 停止し デプロイ クリック 呼び出
    실행 시작 중지 배포 호출 클릭`,
  destructive: `
    删除 移除 清空 清除 销毁 撤销 取消 卸载 刪除 抹除 注销
    削除 消去 取り消 破棄
    삭제 제거 취소 초기화`,
  financial:
    "支付 付款 退款 转账 购买 下单 充值 提现 扣款 交易下单 購入 支払 返金 送金 注文し 결제 환불 송금 구매 주문하",
};
